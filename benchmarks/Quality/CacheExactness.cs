using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Quality;

/// <summary>
/// What old keys and values cost, beside computing everything. Each row is written to the end of the context, with ends of texts like any
/// other token, so that all rows have one length.
/// </summary>
internal sealed class CacheExactness(MaskedDiffusionModel model, QualityTask task, int block)
{
    private readonly int[][] _prompts = task.Prompts;

    /// <summary>Prints a line a cache.</summary>
    public void Print(CancellationToken cancellation)
    {
        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"blocks of {block}; exact: everything is computed in each step; divergence: mean of log(p exact / p cached) over exact runs"));
        Console.WriteLine("cache        divergence, nats a token   equal tokens at temperature 0   equal rows   nats a token more at 0");
        Run drawn = Write(QualitySampler.InBlock(block, SamplingCache.None), teachers: null, cancellation);
        Run greedy = Write(Greedy(SamplingCache.None), teachers: null, cancellation);
        double[] losses = LossesOf(greedy);
        foreach (SamplingCache cache in QualitySampler.Caches)
        {
            // Both runs fill the same positions with the same tokens; only the predictions differ.
            Run forced = Write(QualitySampler.InBlock(block, cache), drawn.Tokens, cancellation);
            Measured divergence = Measured.Mean(
                [.. drawn.LogProbabilities.Zip(forced.LogProbabilities, (exact, cached) => (exact - cached) / task.NewTokens)]);
            Run cachedGreedy = Write(Greedy(cache), teachers: null, cancellation);
            double[] equal = [.. greedy.Tokens.Zip(cachedGreedy.Tokens, EqualShare)];
            Measured more = Measured.Mean(
                [.. LossesOf(cachedGreedy).Zip(losses, (cached, exact) => (cached - exact) / task.NewTokens)]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{cache.Name,-11} {$"{divergence.Value:F4} ± {divergence.Error:F4}",25} {Percent(Measured.Mean(equal)),31} "
                + $"{equal.Count(share => share == 1) / (double)equal.Length,12:P0} {more,24}"));
        }
    }

    private SamplingOptions Greedy(SamplingCache cache) => new() { Order = SamplingOrder.Confidence, BlockLength = block, Cache = cache };

    private static string Percent(Measured share) =>
        string.Create(CultureInfo.InvariantCulture, $"{100 * share.Value:F1} ± {100 * share.Error:F1} %");

    private double EqualShare(int[] exact, int[] cached) =>
        exact.Zip(cached).Skip(exact.Length - task.NewTokens).Count(pair => pair.First == pair.Second) / (double)task.NewTokens;

    private double[] LossesOf(Run run) => task.LossesOf(
        run.Tokens.Zip(_prompts, (tokens, prompt) => new ContinuedText(prompt, tokens[prompt.Length..], HasEnded: false)));

    private Run Write(SamplingOptions options, int[][]? teachers, CancellationToken cancellation)
    {
        SamplingOptions own = options.Clone();
        SamplingRow[] rows = [.. _prompts.Select((prompt, number) => Open(prompt, number, own, teachers?[number]))];
        var source = new SessionScheduler(() => model.Session, guidanceScale: 0, own.BatchTokens);
        new Decoder(source, own).Run(rows, progress: null, cancellation);
        var run = new Run([.. rows.Select(row => row.Tokens)], [.. rows.Select(row => row.History.LogProbability)]);
        foreach (SamplingRow row in rows)
            row.Dispose();
        return run;
    }

    private SamplingRow Open(int[] prompt, int number, SamplingOptions options, int[]? teacher)
    {
        int mask = model.Config.MaskTokenId;
        int[] tokens = [.. prompt, .. Enumerable.Repeat(mask, task.NewTokens)];
        var request = new SamplingRequest(tokens, [.. Enumerable.Range(prompt.Length, task.NewTokens)])
        {
            Key = (ulong)number,
            Teacher = teacher,
            BlockStart = prompt.Length,
            IsShifted = model.Config.ShiftsLogits,
        };
        return new SamplingRow(request, options, mask);
    }

    /// <summary>The rows of a run, and the sum of the log-probabilities of the tokens of each.</summary>
    private sealed record Run(int[][] Tokens, double[] LogProbabilities);
}
