using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Runs;

namespace Reproduce.Experiments.Common;

/// <summary>Tokenizers that several models of an experiment share. A trainer learns one, so a training of a single step makes it.</summary>
internal static class TrainedTokenizer
{
    /// <summary>Learns byte-level BPE from the rows' column "Text".</summary>
    public static TextTokenizer Of(Run run, string name, IDataView rows, int vocabularySize)
    {
        var options = new TrainerOptions
        {
            Network = new TransformerConfig
            {
                Name = "tokenizer", LayerCount = 1, HeadCount = 1, EmbeddingSize = 16, FeedForwardSize = 16, ContextLength = 16,
            },
            Tokenizer = TokenizerSource.TrainBytePairEncoding(vocabularySize),
            MaxSteps = 1,
        };
        using MaskedDiffusionModel model = run.Train(name, ModelKind.MaskedDiffusion, options, rows);
        return model.Tokenizer;
    }

    /// <summary>The same from texts.</summary>
    public static TextTokenizer Of(Run run, string name, IEnumerable<string> texts, int vocabularySize) =>
        Of(run, name, run.MLContext.Data.LoadFromEnumerable(texts.Select(text => new TextRow { Text = text })), vocabularySize);

    /// <summary>
    /// The same from texts whose digits are left out, so that every digit is a token of its own, as in the tokenizer of Llama 2.
    /// </summary>
    public static TextTokenizer WithSingleDigits(Run run, string name, IEnumerable<string> texts, int vocabularySize) =>
        Of(run, name, texts.Select(text => string.Concat(text.Where(letter => !char.IsDigit(letter)))), vocabularySize);
}
