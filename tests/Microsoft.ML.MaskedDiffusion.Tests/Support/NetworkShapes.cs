using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Small networks that differ from the default in all that published networks differ in.</summary>
internal static class NetworkShapes
{
    private static readonly TransformerConfig Small = new()
    {
        LayerCount = 2,
        HeadCount = 2,
        EmbeddingSize = 24,
        FeedForwardSize = 40,
        VocabularySize = 19,
        ContextLength = 32,
    };

    private static readonly LocalAttention Near = new() { Radius = 3, GlobalInterval = 2, RotaryBase = 500 };

    private static readonly RotaryScaling Stretched =
        new() { Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalContextLength = 16 };

    /// <summary>One difference each, three that published networks have together, and drawn ones.</summary>
    public static IReadOnlyList<TransformerConfig> All { get; } =
    [
        Small with { Name = "grouped heads", HeadCount = 6, KeyValueHeadCount = 2 },
        Small with { Name = "one key for three heads", HeadCount = 3, KeyValueHeadCount = 1, HeadSize = 10 },
        Small with { Name = "wide heads", HeadSize = 18 },
        Small with { Name = "narrow heads", HeadSize = 4 },
        Small with { Name = "inner mask token", MaskTokenId = 5 },
        Small with { Name = "layer norm", Norm = NormKind.Layer },
        Small with { Name = "gelu", Activation = GateActivation.Gelu },
        Small with { Name = "attention bias", HasAttentionBias = true },
        Small with { Name = "normed queries and keys", HasQueryKeyNorm = true },
        Small with { Name = "stretched positions", RotaryBase = 700, RotaryScaling = Stretched },
        Small with { Name = "near positions", LayerCount = 3, LocalAttention = Near },
        Small with { Name = "near positions in the last block", LocalAttention = Near with { Radius = 0 } },
        Small with { Name = "tied", TiesEmbeddings = true },
        Small with { Name = "normed embeddings", HasEmbeddingNorm = true },
        Small with { Name = "normed embeddings of one block", HasEmbeddingNorm = true, LayerCount = 1 },
        Small with { Name = "prediction head", HasPredictionHead = true },
        Small with { Name = "shifted", ShiftsLogits = true },
        Small with { Name = "attention by blocks", AttentionBlockSize = 5 },
        Small with { Name = "attention by blocks of one", LayerCount = 1, AttentionBlockSize = 1 },
        Small with
        {
            Name = "shifted, attention by blocks",
            HeadCount = 4,
            KeyValueHeadCount = 2,
            AttentionBlockSize = 4,
            ShiftsLogits = true,
        },
        Small with
        {
            Name = "like Dream",
            HeadCount = 4,
            KeyValueHeadCount = 2,
            HasAttentionBias = true,
            ShiftsLogits = true,
            MaskTokenId = 11,
        },
        Small with
        {
            Name = "autoregressive like Qwen",
            HeadCount = 4,
            KeyValueHeadCount = 2,
            HeadSize = 8,
            HasAttentionBias = true,
            HasQueryKeyNorm = true,
            TiesEmbeddings = true,
            Autoregressive = true,
        },
        Small with
        {
            Name = "like ModernBERT",
            LayerCount = 4,
            Norm = NormKind.Layer,
            Activation = GateActivation.Gelu,
            LocalAttention = Near with { GlobalInterval = 3 },
            TiesEmbeddings = true,
            HasEmbeddingNorm = true,
            HasPredictionHead = true,
            MaskTokenId = 17,
        },
        .. Enumerable.Range(0, 12).Select(i => Draw((ulong)i)),
    ];

    /// <summary>The shapes as data of tests, each by its number and name.</summary>
    public static IEnumerable<object[]> Rows => All.Select((config, i) => new object[] { i, config.Name });

    /// <summary>A network with clear outputs, whose gains and biases are drawn too.</summary>
    public static TransformerNetwork Create(TransformerConfig config)
    {
        var network = new TransformerNetwork(config, CPU);
        network.Initialize(3);
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        foreach (Parameter parameter in network.Parameters.Values)
        {
            if (parameter.dim() == 2)
                parameter.Scale(2);
            else
                parameter.Increase(randn(parameter.shape, generator: new Generator(5)).Times(0.3));
        }
        return network;
    }

    /// <summary>The same weights in 64 bits, for torch's operators.</summary>
    public static TransformerNetwork Exact(TransformerNetwork network)
    {
        var exact = new TransformerNetwork(network.Config, CPU, ScalarType.Float64);
        exact.CopyFrom(network);
        return exact;
    }

    /// <summary>Rows of drawn tokens.</summary>
    public static TokenRows Tokens(TransformerConfig config, int rows, int length) => TransformerNetworkTests.Batch(
        [.. Enumerable.Range(0, rows).Select(row => TransformerNetworkTests.Tokens((ulong)row, length, config))]);

    /// <summary>A shape all of whose properties are drawn.</summary>
    public static TransformerConfig Draw(ulong seed)
    {
        var random = new CounterRandom(77, seed, RandomPurpose.Example);
        int groups = 1 + random.NextInt32(3), share = 1 + random.NextInt32(3), vocabulary = 2 + random.NextInt32(40);
        bool autoregressive = random.NextInt32(5) == 0;
        bool Coin(ref CounterRandom from) => from.NextInt32(2) == 0;
        return new TransformerConfig
        {
            Name = $"drawn {seed}",
            LayerCount = 1 + random.NextInt32(4),
            HeadCount = groups * share,
            KeyValueHeadCount = groups,
            HeadSize = 2 * (1 + random.NextInt32(10)),
            // A norm of few numbers would amplify rounding.
            EmbeddingSize = 8 + random.NextInt32(40),
            FeedForwardSize = 1 + random.NextInt32(50),
            VocabularySize = vocabulary,
            ContextLength = 32,
            NormEpsilon = Coin(ref random) ? 1e-5 : 1e-6,
            Norm = Coin(ref random) ? NormKind.Layer : NormKind.RootMeanSquare,
            Activation = Coin(ref random) ? GateActivation.Gelu : GateActivation.Silu,
            HasAttentionBias = Coin(ref random),
            HasQueryKeyNorm = Coin(ref random),
            RotaryBase = Coin(ref random) ? 10000 : 300,
            RotaryScaling = Coin(ref random) ? Stretched : null,
            LocalAttention = autoregressive || Coin(ref random)
                ? null
                : new LocalAttention { Radius = random.NextInt32(9), GlobalInterval = 1 + random.NextInt32(3), RotaryBase = 100 },
            TiesEmbeddings = Coin(ref random),
            HasEmbeddingNorm = Coin(ref random),
            HasPredictionHead = Coin(ref random),
            ShiftsLogits = !autoregressive && Coin(ref random),
            MaskTokenId = Coin(ref random) ? vocabulary : random.NextInt32(vocabulary),
            RotaryPrecision = Coin(ref random) ? RotaryPrecision.Float32 : RotaryPrecision.BFloat16,
            Autoregressive = autoregressive,
        };
    }
}
