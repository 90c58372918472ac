using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Rows that the library's sampler has filled, watched after every step.</summary>
internal sealed class PublishedReplay
{
    /// <summary>For each row its ids before the first step and after each step that changed it.</summary>
    public required int[][][] States { get; init; }

    /// <summary>For each call of the network the tokens that were computed of its longest row.</summary>
    public required int[] Forwards { get; init; }

    /// <summary>Fills rows of runs together.</summary>
    public static PublishedReplay Of(
        IEnumerable<(PublishedRun Run, PublishedRow Row)> rows, SamplingOptions options, TransformerNetwork network)
    {
        SamplingOptions own = options.Clone();
        own.CheckVocabulary(network.Config.VocabularySize);
        own = own.For(network.Config.AttentionBlockSize, isCached: true);
        SamplingRow[] filled = [.. rows.Select(row => Open(row.Run, row.Row, own, network.Config))];
        List<int[]>[] states = [.. filled.Select(row => new List<int[]> { row.Tokens.ToArray() })];
        using INetworkSession session = network.OpenSession();
        var source = new WatchedSource(new SessionScheduler(() => session, own.GuidanceScale, own.BatchTokens));
        var decoder = new Decoder(source, own);
        var plan = new SharedPlan();
        while (filled.Any(row => !row.IsDone))
        {
            decoder.Step([.. filled.Where(row => !row.IsDone)], plan, CancellationToken.None);
            for (int row = 0; row < filled.Length; row++)
            {
                if (!states[row][^1].AsSpan().SequenceEqual(filled[row].Tokens))
                    states[row].Add([.. filled[row].Tokens]);
            }
        }
        foreach (SamplingRow row in filled)
            row.Dispose();
        return new PublishedReplay { States = [.. states.Select(row => row.ToArray())], Forwards = source.Computed };
    }

    /// <summary>What is not as it was recorded; null where everything is.</summary>
    public static string? Difference(PublishedRun run, SamplingOptions options, TransformerNetwork network)
    {
        PublishedReplay replay = Of(run.Rows.Select(row => (run, row)), options, network);
        for (int row = 0; row < run.Rows.Length; row++)
        {
            int[][] expected = run.Rows[row].DistinctStates, actual = replay.States[row];
            for (int step = 0; step < Math.Min(expected.Length, actual.Length); step++)
            {
                if (!expected[step].AsSpan().SequenceEqual(actual[step]))
                {
                    return $"{run.Name}: row {row} after {step} steps is {string.Join(' ', actual[step])}, recorded is "
                        + string.Join(' ', expected[step]);
                }
            }
            if (expected.Length != actual.Length)
                return $"{run.Name}: row {row} took {actual.Length - 1} steps, recorded are {expected.Length - 1}";
        }
        int[] forwards = run.Forwards;
        // The forwards of a batch are as long as its longest row, and the library has no forward of the prefix alone.
        bool isSame = run.Rows.Length == 1 && run.AttentionBlockSize is null
            ? forwards.SequenceEqual(replay.Forwards) : forwards.Length == replay.Forwards.Length;
        return isSame ? null
            : $"{run.Name}: forwards are {string.Join(' ', replay.Forwards)}, recorded are {string.Join(' ', forwards)}";
    }

    private static SamplingRow Open(PublishedRun run, PublishedRow row, SamplingOptions options, TransformerConfig config)
    {
        int[] tokens = row.States[0];
        var request = new SamplingRequest(tokens, [.. Enumerable.Range(0, tokens.Length).Where(i => tokens[i] == run.MaskTokenId)])
        {
            Key = 0,
            BlockStart = row.PromptLength,
            IsShifted = config.ShiftsLogits,
            AttentionBlockSize = config.AttentionBlockSize,
        };
        return new SamplingRow(request, options, config.MaskTokenId, run.Draws(row));
    }
}
