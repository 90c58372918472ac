using DocumentationDemo.Corpus;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Runs;

namespace Reproduce.Experiments.Common;

/// <summary>The .NET reference documentation, turned into tokens once for all trainings of a run.</summary>
/// <param name="Sets">The rows to train on, and those that no training sees.</param>
/// <param name="Tokenizer">A byte-pair encoding trained on the training rows.</param>
/// <param name="Training">The training rows as tokens, joined.</param>
internal sealed record DocumentationTokens(CorpusSets Sets, TextTokenizer Tokenizer, PackedCorpus Training)
{
    // More than there are; a run of less scale reads less text.
    private const int MostDocuments = 1_000_000;

    /// <summary>Reads, splits and encodes the documentation that comes with the SDK.</summary>
    public static DocumentationTokens Read(Run run, int vocabularySize)
    {
        CorpusSets sets = Documentation.Of(run);
        IDataView training = run.MLContext.Data.TakeRows(sets.Training, run.Options.Scaled(MostDocuments));
        TextTokenizer tokenizer = TrainedTokenizer.Of(run, "tokenizer", training, vocabularySize);
        return new DocumentationTokens(sets, tokenizer, Encode(run, training, tokenizer));
    }

    private static PackedCorpus Encode(Run run, IDataView training, TextTokenizer tokenizer)
    {
        MaskedDiffusionCatalog catalog = run.MLContext.MaskedDiffusion();
        string folder = run.Subfolder("tokens");
        long count = run.Stage("tokens", () =>
        {
            Directory.Delete(folder, recursive: true);
            return catalog.SavePackedTokens(training, tokenizer, folder).Tokens;
        });
        Console.WriteLine($"{count:N0} tokens to train on");
        return catalog.LoadPackedTokens(folder);
    }
}
