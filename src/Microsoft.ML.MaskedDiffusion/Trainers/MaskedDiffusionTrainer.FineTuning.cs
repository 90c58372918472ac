using Microsoft.ML.MaskedDiffusion.Corpora.Prompts;
using Microsoft.ML.MaskedDiffusion.Modeling.Adapters;
using Microsoft.ML.MaskedDiffusion.Trainers;
using Microsoft.ML.MaskedDiffusion.Training.Adapters;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.MaskedDiffusion;

public sealed partial class MaskedDiffusionTrainer
{
    private bool PacksDocuments => _options.Rows.PacksDocuments;

    // The layers to adapt; the options were checked to name some of the initial model's.
    private LoraSettings? Lora
    {
        get
        {
            if (_options is not { Lora: { } lora, InitialModel: { } model })
                return null;
            LayerNaming naming = LayerNaming.Find(model.Config, model.Family, lora.Targets)!;
            LinearLayer[] layers = naming.Select(lora.Targets);
            return new LoraSettings(lora.Rank, lora.Alpha, layers, naming.TargetsOf(layers));
        }
    }

    private TextColumnReader Reader(IDataView data, string parameterName, string what) =>
        new(data, _text.Find(data.Schema, parameterName), what, [.. _prompts.Select(prompt => prompt.Find(data.Schema, parameterName))]);

    private TrainingCorpus ReadRows(TextColumnReader rows, TextColumnReader? held, LoggedProgress progress, IChannel channel)
    {
        TextTokenizer tokenizer = new CorpusTokenizer(_options, channel, progress).ResolveTokenizer(rows);
        int maxLength = _options.Rows.MaxLength ?? Network.ContextLength;
        var encoder = new RowEncoder(
            tokenizer, maxLength, _options.Rows.Overflow, progress, TimeProvider.System, maxLength == Network.ContextLength);
        RowBlocks blocks = Encode(encoder, rows, _options.Rows.Padding, channel);
        long longRows = encoder.LongRowCount;
        // Padding is not part of the likelihood of a row, so validation rows are not padded.
        RowBlocks? validation = held is null ? null : Encode(encoder, held, RowPadding.None, channel);
        return new TrainingCorpus(tokenizer, blocks, validation)
        { Documents = blocks.Count, EmptyRows = rows.EmptyRowCount, LongRows = longRows };
    }

    private RowBlocks Encode(RowEncoder encoder, TextColumnReader reader, RowPadding padding, IChannel channel)
    {
        RowBlocks blocks = encoder.Encode(
            reader.ReadRows(_options.CancellationToken), padding, reader.What, _options.CancellationToken, reader.TotalRowCount);
        channel.Info(MessageSensitivity.None, "The {0}: {1:#,0} rows, {2:#,0} tokens; {3:#,0} rows without text left out", reader.What,
            blocks.Count, blocks.TokenCount, reader.EmptyRowCount);
        if (encoder.SpacedPromptCount > 0)
        {
            channel.Warning(MessageSensitivity.None,
                "{0:#,0} rows of the {1} have white space at the end of the prompt. It is learned as a part of the prompt, but belongs to "
                + "the answer where answers are scored or generated: put it at the beginning of the answers.",
                encoder.SpacedPromptCount, reader.What);
        }
        if (encoder.LongRowCount > 0)
        {
            channel.Warning(MessageSensitivity.None, "{0:#,0} rows of the {1} have more tokens than {2} and are left out.",
                encoder.LongRowCount, reader.What, _options.Rows.MaxLength is null
                    ? FormattableString.Invariant($"the network's context of {Network.ContextLength}") : "a row may have (Rows.MaxLength)");
        }
        return blocks;
    }
}
