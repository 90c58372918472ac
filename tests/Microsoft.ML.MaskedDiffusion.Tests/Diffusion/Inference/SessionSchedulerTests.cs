using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Backends.Torch;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Tokens that are chosen on a device, run on the processor, against those that are chosen from logits.</summary>
[TestClass]
public sealed class SessionSchedulerTests
{
    private const int End = 3;

    private static readonly TransformerConfig Config = TransformerNetworkTests.Small with { LayerCount = 3 };

    public static IEnumerable<object[]> Greedy()
    {
        SamplingOptions[] all =
        [
            new(),
            new() { Order = SamplingOrder.Margin, GuidanceScale = 1.5 },
            new() { Order = SamplingOrder.Entropy, TokensPerStep = TokensPerStep.EntropyBound(1) },
            new() { SuppressedTokens = [1, 7], TokenBias = new Dictionary<int, double> { [2] = 1.5, [5] = -2 } },
            new() { BlockLength = 4, Cache = SamplingCache.Dual, SharesStepsAmongRows = false },
            new() { Order = SamplingOrder.LeftToRight },
            new() { TopK = 3 },
        ];
        foreach (SamplingOptions options in all)
        {
            (options.Temperature, options.Seed) = (0, 1);
            yield return [options];
        }
    }

    [TestMethod]
    [DynamicData(nameof(Greedy))]
    public void GreedyTokensAreTheSameWithoutLogits(SamplingOptions options)
    {
        (SamplingRow[] expected, WatchedSession logits) = Fill(options, summarizes: false);
        (SamplingRow[] actual, WatchedSession summaries) = Fill(options, summarizes: true);
        Assert.AreEqual(0, summaries.RowsRead, "no logits leave the device");
        Assert.AreEqual(logits.RowsRead, summaries.RowsSummarized);
        Assert.AreEqual(0, logits.RowsSummarized);
        for (int row = 0; row < expected.Length; row++)
        {
            CollectionAssert.AreEqual(expected[row].Tokens, actual[row].Tokens);
            Assert.AreEqual(expected[row].Steps, actual[row].Steps);
            for (int position = 4; position < expected[row].Tokens.Length; position++)
            {
                CommitHistory one = expected[row].History, other = actual[row].History;
                Assert.AreEqual(one.StepAt(position), other.StepAt(position));
                Assert.AreEqual(one.ProbabilityAt(position), other.ProbabilityAt(position), 1e-5, "sums in single precision");
            }
        }
    }

    [TestMethod]
    public void WhereTokensAreDrawnLogitsAreRead()
    {
        SamplingOptions[] all =
        [
            new() { Temperature = 1 }, new() { Temperature = 0, RepetitionPenalty = 1.2 },
            new() { Temperature = 0, TopK = 2, OrderSeesKeptTokens = true }, new() { Temperature = 0, PostponedTokens = [4] },
        ];
        foreach (SamplingOptions options in all)
        {
            (_, WatchedSession session) = Fill(options, summarizes: true);
            Assert.AreEqual(0, session.RowsSummarized);
            Assert.IsGreaterThan(0, session.RowsRead);
        }
    }

    [TestMethod]
    public void WhatCannotBeChosenFromIsRefusedAsWithLogits()
    {
        var all = new SamplingOptions { Temperature = 0, SuppressedTokens = [.. Enumerable.Range(0, Config.VocabularySize)] };
        Assert.ThrowsExactly<InvalidOperationException>(() => Fill(all, summarizes: true));
        foreach (float bad in new[] { float.NaN, float.PositiveInfinity })
            Assert.ThrowsExactly<NotFiniteNumberException>(() => Fill(new() { Temperature = 0 }, summarizes: true, weight: bad));
    }

    [TestMethod]
    public void SummariesAreThoseOfTheKernel()
    {
        using var scope = NewDisposeScope();
        Tensor logits = randn(40, 300).Times(4);
        // Forbidden tokens, equal logits, one far above the others, and all equal.
        logits[TensorIndex.Slice(0, 10), TensorIndex.Slice(0, 200, 3)] = float.NegativeInfinity;
        logits[TensorIndex.Slice(5, 20), 150] = logits[TensorIndex.Slice(5, 20), 37] = 30;
        logits[21, 299] = 80;
        logits[22] = 1;
        Tensor found = TorchOperators.Summarize(logits);
        for (int row = 0; row < 40; row++)
        {
            DistributionSummary expected = DistributionKernels.Summarize(Numerics.Memory.TensorMemory.FloatSpan(logits[row]));
            double[] actual = [.. found[row].data<double>()];
            Assert.AreEqual(expected.Id, actual[0]);
            Assert.AreEqual(expected.Top, actual[1]);
            Assert.AreEqual(expected.Second, actual[2]);
            Assert.AreEqual(expected.LogSumExp, actual[3], 1e-5, "single precision");
            Assert.AreEqual(expected.Entropy, actual[4], 1e-5, "single precision");
        }
    }

    private static (SamplingRow[] Rows, WatchedSession Session) Fill(SamplingOptions options, bool summarizes, float? weight = null)
    {
        using var network = new TransformerNetwork(Config, CPU, torchOperators: true);
        network.Initialize(3);
        if (weight is { } number)
        {
            using IDisposable noGradient = no_grad();
            network.Parameters[TransformerNetwork.FinalNormName][0] = number;
        }
        using var backend = new TorchBackend(Config, network.Parameters, CPU, ScalarType.Float32, new BackwardPass())
        {
            SummarizesLogits = summarizes,
            // The logits of a few rows at a time.
            SliceLogits = 3 * Config.VocabularySize,
        };
        using INetworkSession own = backend.OpenSession(network.Use());
        var session = new WatchedSession(own);
        SamplingRow[] rows =
        [
            .. Enumerable.Range(0, 4).Select(row => new SamplingRow(Request(row), options, Config.MaskTokenId)),
        ];
        new Decoder(new SessionScheduler(() => session, options.GuidanceScale, batchTokens: 40), options).Run(rows, null, default);
        return (rows, session);
    }

    // 12 tokens of which the last 8 are masked; every second row has an end with a penalty, not before its position 6.
    private static SamplingRequest Request(int row)
    {
        int[] tokens = TransformerNetworkTests.Tokens((ulong)row, 12, Config);
        Array.Fill(tokens, Config.MaskTokenId, 4, 8);
        return new SamplingRequest(tokens, [.. Enumerable.Range(4, 8)])
        {
            Key = (ulong)row, PromptLength = 4, BlockStart = 4,
            EndOfTextIds = row % 2 == 0 ? [] : [End], FirstEnd = 6, EndOfTextPenalty = 0.5,
        };
    }

    // Counts what is asked for.
    private sealed class WatchedSession(INetworkSession inner) : INetworkSession, ILogitSummarizer
    {
        public int RowsRead { get; private set; }

        public int RowsSummarized { get; private set; }

        public TransformerConfig Config => inner.Config;

        public bool SummarizesLogits => ((ILogitSummarizer)inner).SummarizesLogits;

        public KeyValueCache NewCache(int capacity) => inner.NewCache(capacity);

        public NetworkStates States(IReadOnlyList<SequencePart> parts) => inner.States(parts);

        public void ReadLogits(NetworkStates states, int[] rows, int[]? unconditional, double guidanceScale, LogitRowReader reader)
        {
            RowsRead += rows.Length;
            inner.ReadLogits(states, rows, unconditional, guidanceScale, reader);
        }

        public DistributionSummary[] Summarize(
            NetworkStates states, int[] rows, int[]? unconditional, double guidanceScale, IReadOnlyList<ILogitChange> changes)
        {
            RowsSummarized += rows.Length;
            return ((ILogitSummarizer)inner).Summarize(states, rows, unconditional, guidanceScale, changes);
        }

        public void Dispose() => inner.Dispose();
    }
}
