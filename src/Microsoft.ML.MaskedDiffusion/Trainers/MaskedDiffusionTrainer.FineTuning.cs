using Microsoft.ML.MaskedDiffusion.Training.FineTuning;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.MaskedDiffusion.Trainers;

public sealed partial class MaskedDiffusionTrainer
{
    private bool PacksDocuments => _options.PackDocuments ?? _options.PromptColumnName is null;

    private TextColumnReader Reader(IDataView data, string parameterName, string what) =>
        new(data, _text.Find(data.Schema, parameterName), what, [.. _prompts.Select(prompt => prompt.Find(data.Schema, parameterName))]);

    private RowBlocks Encode(RowEncoder encoder, TextColumnReader reader, RowPadding padding, IChannel channel)
    {
        RowBlocks blocks = encoder.Encode(reader.ReadRows(_options.CancellationToken), padding, reader.What, _options.CancellationToken);
        channel.Info(MessageSensitivity.None, "The {0}: {1:#,0} rows, {2:#,0} tokens; {3:#,0} rows without text left out", reader.What, blocks.Count, blocks.TokenCount, reader.EmptyRowCount);
        if (encoder.LongRowCount > 0)
            channel.Warning(MessageSensitivity.None, "{0:#,0} rows of the {1} have more tokens than a row may have (Options.MaxRowLength) and are left out", encoder.LongRowCount, reader.What);
        return blocks;
    }
}
