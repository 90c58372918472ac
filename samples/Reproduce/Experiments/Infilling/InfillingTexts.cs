using DocumentationDemo.Corpus;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Runs;

namespace Reproduce.Experiments.Infilling;

/// <summary>The rows that every model can read whole, in either order.</summary>
/// <param name="Tokenizer">The tokenizer of all models.</param>
/// <param name="Training">The rows that are learned.</param>
/// <param name="HeldOut">The rows that gaps are cut out of.</param>
internal sealed record InfillingTexts(TextTokenizer Tokenizer, string[] Training, string[] HeldOut)
{
    // More than there are; a run of less scale reads less text.
    private const int MostRows = 1_000_000;

    private const string TrainingFile = "training.jsonl", HeldOutFile = "held-out.jsonl";

    /// <summary>Rows of the documentation.</summary>
    public static InfillingTexts OfDocumentation(Run run, InfillingSettings settings)
    {
        CorpusSets sets = Documentation.Of(run);
        List<CorpusRow> training = [.. CorpusSets.RowsOf(run.MLContext, sets.Training).Take(run.Options.Scaled(MostRows))];
        TextTokenizer tokenizer =
            TrainedTokenizer.Of(run, "tokenizer", training.Select(row => row.Text), settings.Network!.VocabularySize);
        return new InfillingTexts(
            tokenizer, [.. Fitting(training.Select(row => row.Text), tokenizer, settings, settings.LeastWords)],
            [
                .. Fitting(sets.HeldOut.Select(row => row.Text), tokenizer, settings, settings.LeastHeldOutWords)
                    .Take(run.Options.Scaled(settings.Questions)),
            ]);
    }

    /// <summary>Rows of the files in the folder of data.</summary>
    /// <exception cref="FileNotFoundException">One is not there, or no folder was named.</exception>
    /// <exception cref="InvalidOperationException">The models have no room for the rows, or a file has no row that fits.</exception>
    public static InfillingTexts OfFiles(Run run, InfillingSettings settings, PretrainedPair models)
    {
        int context = Math.Min(models.MaskedDiffusion.Config.ContextLength, models.Autoregressive.Config.ContextLength);
        if (context < settings.ContextLength)
        {
            throw new InvalidOperationException(
                $"The models have a context of {context} tokens, and rows of this setting take {settings.ContextLength}. "
                + "Name models with a context as long with --model and --baseline.");
        }
        string[] heldOut = Rows(HeldOutFile, "texts to cut gaps out of", settings.LeastHeldOutWords, settings.Questions);
        return new InfillingTexts(
            models.Tokenizer, Rows(TrainingFile, "texts to learn the middle last from", settings.LeastWords, MostRows), heldOut);

        string[] Rows(string file, string content, int leastWords, int most)
        {
            string path = run.DataFile(file, $"{content}, as JSON lines with a field \"text\"");
            IEnumerable<string> beginnings = JsonLinesTexts.Read(run, path).Select(text => Beginning(text, settings));
            string[] rows = [.. Fitting(beginnings, models.Tokenizer, settings, leastWords).Take(run.Options.Scaled(most))];
            return rows.Length > 0 ? rows : throw new InvalidOperationException(
                $"{path} has no text of {leastWords} words or more and at most {settings.MostRowTokens} tokens. Name a folder with another "
                + "one with --data.");
        }
    }

    // With single spaces between words, as gaps need it.
    private static string Beginning(string text, InfillingSettings settings) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(settings.MostRowWords!.Value));

    private static IEnumerable<string> Fitting(
        IEnumerable<string> texts, TextTokenizer tokenizer, InfillingSettings settings, int leastWords) =>
        texts.Where(text => MiddleLast.IsPossible(text) && text.Split(' ').Length >= leastWords
            && tokenizer.Encode(text).Length <= settings.MostRowTokens);
}
