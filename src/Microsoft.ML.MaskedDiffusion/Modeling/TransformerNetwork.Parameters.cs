using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <content>The parameters' names, shapes and first values.</content>
internal sealed partial class TransformerNetwork
{
    /// <summary>The output layer [V, d].</summary>
    public const string HeadName = "lm_head.weight";

    /// <summary>The output layer's bias [V], with a prediction head.</summary>
    public const string HeadBiasName = "lm_head.bias";

    /// <summary>The dense layer of a prediction head [d, d].</summary>
    public const string HeadDenseName = "lm_head.dense.weight";

    /// <summary>The gain of a prediction head's norm [d].</summary>
    public const string HeadNormName = "lm_head.norm.weight";

    /// <summary>The embedding table [embedding rows, d], which is also the output layer where the two are tied.</summary>
    public const string EmbeddingName = "transformer.wte.weight";

    /// <summary>The gain of the embeddings' norm [d], where there is one.</summary>
    public const string EmbeddingNormName = "transformer.wte.norm.weight";

    /// <summary>The gain of the last norm [d].</summary>
    public const string FinalNormName = "transformer.ln_f.weight";

    /// <summary>What stands behind the name of an 8-bit matrix in that of its rows' scales, in files.</summary>
    public const string ScaleSuffix = "_scale";

    internal static string LayerPrefix(int layer) => $"transformer.h.{layer}.";

    /// <summary>The names and shapes of a configuration's weights, without a network.</summary>
    public static IEnumerable<(string Name, long[] Shape)> ParameterShapes(TransformerConfig config)
    {
        long d = config.EmbeddingSize, f = config.FeedForwardSize, projection = config.ProjectionSize;
        if (!config.TiesEmbeddings)
            yield return (HeadName, [config.VocabularySize, d]);
        yield return (EmbeddingName, [config.EmbeddingRowCount, d]);
        if (config.HasEmbeddingNorm)
            yield return (EmbeddingNormName, [d]);
        for (int i = 0; i < config.LayerCount; i++)
        {
            string layer = LayerPrefix(i);
            if (i > 0 || !config.HasEmbeddingNorm)
                yield return (layer + "norm_1.weight", [d]);
            yield return (layer + "attn.attn.weight", [projection, d]);
            if (config.HasAttentionBias)
                yield return (layer + "attn.attn.bias", [projection]);
            if (config.HasQueryKeyNorm)
            {
                yield return (layer + "attn.norm_q.weight", [config.HeadSize]);
                yield return (layer + "attn.norm_k.weight", [config.HeadSize]);
            }
            yield return (layer + "attn.proj.weight", [d, config.QuerySize]);
            yield return (layer + "norm_2.weight", [d]);
            yield return (layer + "mlp.swiglu.w1.weight", [f, d]);
            yield return (layer + "mlp.swiglu.w2.weight", [f, d]);
            yield return (layer + "mlp.swiglu.w3.weight", [d, f]);
        }
        yield return (FinalNormName, [d]);
        if (!config.HasPredictionHead)
            yield break;
        yield return (HeadDenseName, [d, d]);
        yield return (HeadNormName, [d]);
        yield return (HeadBiasName, [config.VocabularySize]);
    }

    /// <summary>
    /// SMDM's initialisation: matrices Normal(0, sqrt(2 / (5 d))), the two that write to the residual stream Normal(0, 1 / (sqrt(d) L)),
    /// gains 1, biases 0. Each tensor has a random stream of its own, which its name and the seed decide.
    /// </summary>
    public unsafe void Initialize(ulong seed)
    {
        double d = Config.EmbeddingSize;
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        foreach ((string name, Parameter parameter) in _parameters)
        {
            if (parameter.dim() == 1)
            {
                parameter.Set(name.EndsWith("bias", StringComparison.Ordinal) ? 0 : 1);
                continue;
            }
            bool writesToStream = name.EndsWith("attn.proj.weight", StringComparison.Ordinal)
                || name.EndsWith("w3.weight", StringComparison.Ordinal);
            double deviation = writesToStream ? 1 / (Math.Sqrt(d) * Config.LayerCount) : Math.Sqrt(2 / (5 * d));
            var random = new CounterRandom(seed, ContentKey.Of(name), RandomPurpose.Initialization);
            Tensor draws = empty(parameter.shape, ScalarType.Float32);
            float* values = TensorMemory.Floats(draws);
            Workers.Rows(draws.NumberOfElements, 1 << 16, (first, last) =>
                random.FillNormal(new Span<float>(values + first, (int)(last - first)), deviation, (ulong)first / 4));
            SetRows(name, 0, draws);
        }
    }
}
