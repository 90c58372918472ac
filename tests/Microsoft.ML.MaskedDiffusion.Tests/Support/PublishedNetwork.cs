using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The tiny networks of published architectures, with their weights under our names: this reads each tensor by the name that the
/// architecture gives it, so that the backends can be tested without the library's reader of such folders.
/// </summary>
internal static class PublishedNetwork
{
    private static readonly TransformerConfig Llada = new()
    {
        Name = "llada",
        LayerCount = 3,
        HeadCount = 4,
        EmbeddingSize = 64,
        FeedForwardSize = 176,
        VocabularySize = 120,
        ContextLength = 64,
        RotaryBase = 500000,
        MaskTokenId = 117,
    };

    private static readonly TransformerConfig Qwen =
        Llada with { KeyValueHeadCount = 2, NormEpsilon = 1e-6, RotaryBase = 1000000, HasAttentionBias = true };

    /// <summary>The shape of an architecture's tiny network.</summary>
    public static TransformerConfig Config(string family) => family switch
    {
        "llada" => Llada,
        "dream" => Qwen with { Name = family, ShiftsLogits = true, MaskTokenId = 116 },
        "a2d-qwen2" => Qwen with { Name = family, LayerCount = 2, FeedForwardSize = 160, TiesEmbeddings = true },
        "a2d-qwen3" => Qwen with
        {
            Name = family,
            HeadSize = 32,
            FeedForwardSize = 160,
            HasAttentionBias = false,
            HasQueryKeyNorm = true,
            TiesEmbeddings = true,
        },
        "a2d-llama" => Llada with
        {
            Name = family,
            LayerCount = 2,
            KeyValueHeadCount = 2,
            FeedForwardSize = 160,
            ContextLength = 1024,
            RotaryScaling =
                new RotaryScaling { Factor = 32, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalContextLength = 32 },
            TiesEmbeddings = true,
        },
        "modernbert" => Llada with
        {
            Name = family,
            LayerCount = 4,
            FeedForwardSize = 96,
            Norm = NormKind.Layer,
            Activation = GateActivation.Gelu,
            RotaryBase = 160000,
            LocalAttention = new LocalAttention { Radius = 8 },
            TiesEmbeddings = true,
            HasEmbeddingNorm = true,
            HasPredictionHead = true,
            MaskTokenId = 114,
        },
        _ => throw new ArgumentOutOfRangeException(nameof(family), family, "no published architecture"),
    };

    /// <summary>The network with the weights of its folder, and maybe with outputs that predict the next position.</summary>
    public static TransformerNetwork Load(
        string family, ScalarType type = ScalarType.Float32, bool torchOperators = false, bool isShifted = false,
        int? attentionBlockSize = null)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        string folder = Golden.PathOf("published", family);
        SafetensorsReader[] files = [.. Directory.EnumerateFiles(folder, "model*.safetensors").Select(SafetensorsReader.Open)];
        TransformerConfig config = Config(family);
        config = config with { ShiftsLogits = config.ShiftsLogits || isShifted, AttentionBlockSize = attentionBlockSize };
        var network = new TransformerNetwork(config, CPU, type, torchOperators);
        foreach ((string name, var parameter) in network.Parameters)
        {
            Tensor[] parts = [.. Sources(family, name).Select(source => Read(files, source))];
            Tensor weight = name.Contains("attn.attn", StringComparison.Ordinal) ? Fused(network.Config, parts) : parts[0];
            // ModernBERT has the two factors of the gated product in one matrix.
            if (parts[0].size(0) == 2 * parameter.size(0))
                weight = parts[0].narrow(0, name.Contains("w1", StringComparison.Ordinal) ? 0 : parameter.size(0), parameter.size(0));
            CollectionAssert.AreEqual(parameter.shape, weight.shape, name);
            parameter.copy_(weight);
        }
        foreach (SafetensorsReader file in files)
            file.Dispose();
        return network;
    }

    // The names that an architecture has for one of our tensors: one, or those of queries, keys and values.
    private static string[] Sources(string family, string name)
    {
        if (!name.StartsWith("transformer.h.", StringComparison.Ordinal))
            return [Outer(family, name)];
        string[] parts = name.Split('.');
        string own = string.Join('.', parts[3..^1]), kind = parts[^1];
        return family switch
        {
            "llada" => [.. Llama(own, "q_proj", "k_proj", "v_proj", "attn_norm", "attn_out", "ff_norm", "ff_proj", "up_proj", "ff_out")
                .Select(inner => $"model.transformer.blocks.{parts[2]}.{inner}.{kind}")],
            "modernbert" => [.. Llama(own, "attn.Wqkv", null, null, "attn_norm", "attn.Wo", "mlp_norm", "mlp.Wi", "mlp.Wi", "mlp.Wo")
                .Select(inner => $"model.layers.{parts[2]}.{inner}.{kind}")],
            _ => [.. Llama(
                own, "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "input_layernorm", "self_attn.o_proj",
                "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
                .Select(inner => $"model.layers.{parts[2]}.{inner}.{kind}")],
        };
    }

    private static IEnumerable<string> Llama(
        string own, string query, string? key, string? value, string norm, string output, string secondNorm, string gate, string up,
        string down) => own switch
        {
            "attn.attn" => new[] { query, key, value }.OfType<string>(),
            "attn.norm_q" => ["self_attn.q_norm"],
            "attn.norm_k" => ["self_attn.k_norm"],
            "norm_1" => [norm],
            "attn.proj" => [output],
            "norm_2" => [secondNorm],
            "mlp.swiglu.w1" => [gate],
            "mlp.swiglu.w2" => [up],
            _ => [down],
        };

    private static string Outer(string family, string name) => (family, name) switch
    {
        ("llada", TransformerNetwork.EmbeddingName) => "model.transformer.wte.weight",
        ("llada", TransformerNetwork.FinalNormName) => "model.transformer.ln_f.weight",
        ("llada", TransformerNetwork.HeadName) => "model.transformer.ff_out.weight",
        ("modernbert", TransformerNetwork.EmbeddingName) => "model.embeddings.tok_embeddings.weight",
        ("modernbert", TransformerNetwork.EmbeddingNormName) => "model.embeddings.norm.weight",
        ("modernbert", TransformerNetwork.FinalNormName) => "model.final_norm.weight",
        ("modernbert", TransformerNetwork.HeadDenseName) => "head.dense.weight",
        ("modernbert", TransformerNetwork.HeadNormName) => "head.norm.weight",
        ("modernbert", TransformerNetwork.HeadBiasName) => "decoder.bias",
        (_, TransformerNetwork.EmbeddingName) => "model.embed_tokens.weight",
        (_, TransformerNetwork.FinalNormName) => "model.norm.weight",
        _ => name,
    };

    private static Tensor Read(SafetensorsReader[] files, string name)
    {
        SafetensorsReader file = files.Single(one => one.TryFind(name, out _));
        SafetensorsEntry entry = file.Find(name);
        var values = new float[entry.Shape.Aggregate(1L, (count, size) => count * size)];
        file.ReadSingles(entry, values);
        return tensor(values, [.. entry.Shape]);
    }

    // Queries, keys and values, each head by head, become groups of some queries, a key and a value.
    private static Tensor Fused(TransformerConfig config, Tensor[] parts)
    {
        if (parts.Length == 1)
            parts = [.. parts[0].chunk(3)];
        long groups = config.KeyValueHeadCount;
        long[] rest = parts[0].shape[1..];
        return cat([.. parts.Select(part => part.view([groups, part.size(0) / groups, .. rest]))], 1).view([-1, .. rest]);
    }
}
