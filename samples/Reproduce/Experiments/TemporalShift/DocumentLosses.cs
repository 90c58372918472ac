using System.Globalization;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.TemporalShift;

/// <summary>Pre-trained models on documents of the training's time and of later ones.</summary>
internal static class DocumentLosses
{
    /// <summary>Measures both models on all files.</summary>
    public static ExperimentResult Measure(Run run, TemporalShiftSettings settings)
    {
        DocumentSettings documents = settings.Documents!;
        using PretrainedPair models = PretrainedPair.Load(run);
        (DocumentFile File, string Path)[] files =
        [
            .. documents.Files
                .Select(file => (file, file.IsOptional ? run.FindDataFile(file.Name) : run.DataFile(file.Name, Source(file))))
                .Where(pair => pair.Item2 is not null).Select(pair => (pair.file, pair.Item2!)),
        ];
        ModelKind[] kinds = Enum.GetValues<ModelKind>();
        Dictionary<ModelKind, Block[]> losses = kinds.ToDictionary(kind => kind, kind => (Block[])
        [
            .. files.SelectMany((file, period) => run.Stage($"{kind.Words()}: {file.File.Period.Name}",
                () => Blocks(run, models.Of(kind), settings, file.Path, period))),
        ]);
        // The same documents in the same tokens for both.
        Block[] blocks = losses[ModelKind.MaskedDiffusion];
        Measured[] measured =
        [
            .. kinds.Select(kind => new Measured(
                kind.Words(), null, models.Of(kind).Config.NonEmbeddingParameterCount, [.. losses[kind].Select(block => block.Nats)])),
        ];
        TestText[] tests = [.. blocks.Select(block => new TestText($"{block.Period}-{block.Name}", block.Period, ""))];
        var results = new TemporalShiftResults(
            [.. files.Select(file => file.File.Period)], tests, [.. blocks.Select(block => block.Tokens)],
            [.. blocks.Select(block => block.Bytes)], settings.Resamples, run.Options.Seed);
        return results.Conclude(
            measured[0], [], measured[1], Table(files, blocks), new { settings, Files = files.Select(file => file.File.Name) });
    }

    private static string Source(DocumentFile file) => $"{file.Content}, as JSON lines with a field \"text\"";

    private static Block[] Blocks(Run run, MaskedDiffusionModel model, TemporalShiftSettings settings, string path, int period)
    {
        var options = new PerplexityOptions { Likelihood = { Samples = settings.LikelihoodSamples } };
        IEnumerable<PerplexityDocument> documents = Texts(run, model.Tokenizer, settings.Documents!, path)
            .Select((text, i) => new PerplexityDocument(
                text, (i % settings.Documents!.Blocks).ToString("D6", CultureInfo.InvariantCulture)));
        try
        {
            return
            [
                .. new PerplexityEvaluator(model, options).Evaluate(documents).Groups.Select(block => new Block(
                    period, block.Group!, (int)block.DocumentCount, (int)block.TokenCount, (int)block.ByteCount,
                    block.NegativeLogLikelihood.Value * block.TokenCount)),
            ];
        }
        catch (ArgumentException error)
        {
            throw new InvalidOperationException($"{path} has no text to measure with: {error.Message}", error);
        }
    }

    // As published: from the beginning of the file, until there are enough.
    private static IEnumerable<string> Texts(Run run, TextTokenizer tokenizer, DocumentSettings settings, string path)
    {
        long left = run.Options.Scaled(settings.MostTokens);
        foreach (string text in JsonLinesTexts.Read(run, path).Take(run.Options.Scaled(settings.MostDocuments)))
        {
            yield return text;
            left -= tokenizer.Encode(text).Length;
            if (left <= 0)
                yield break;
        }
    }

    private static ResultTable Table((DocumentFile File, string Path)[] files, Block[] blocks) => new(
        "Texts", ["text", "documents", "tokens", "bytes"],
        [
            .. files.Select((file, period) =>
            {
                Block[] own = [.. blocks.Where(block => block.Period == period)];
                return new object[]
                {
                    file.File.Period.Name, own.Sum(block => block.Documents), own.Sum(block => (long)block.Tokens),
                    own.Sum(block => (long)block.Bytes),
                };
            }),
        ]);

    /// <summary>Some documents of a period: nats are those of all of them.</summary>
    private sealed record Block(int Period, string Name, int Documents, int Tokens, int Bytes, double Nats);
}
