using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Families;

/// <summary>
/// ModernBERT (Warner et al., 2024), a masked language model that dLLM fine-tunes to a masked diffusion model for conversations.
/// </summary>
internal sealed class ModernBertFamily : ModelFamily
{
    public override string ModelType => "modernbert";

    public override string Architecture => "ModernBertForMaskedLM";

    protected override TransformerConfig Read(HubConfig config)
    {
        config.Require("hidden_activation", "gelu");
        config.Require("classifier_activation", "gelu");
        config.Require("attention_bias", false);
        config.Require("mlp_bias", false);
        config.Require("norm_bias", false);
        config.Require("classifier_bias", false);
        config.Require("decoder_bias", true);
        config.Require("tie_word_embeddings", true);
        config.Require("position_embedding_type", "absolute", "sans_pos");
        config.PassOver(
            "attention_dropout", "classifier_dropout", "classifier_pooling", "cls_token_id", "deterministic_flash_attn",
            "embedding_dropout", "initializer_cutoff_factor", "layer_norm_eps", "mlp_dropout", "reference_compile",
            "repad_logits_with_grad", "sep_token_id",
            "sparse_pred_ignore_index", "sparse_prediction");
        int layers = config.Integer("num_hidden_layers"), window = config.Integer("local_attention", 128);
        int interval = config.Integer("global_attn_every_n_layers", 3);
        RequireLayers(config, layers, interval);
        (double global, double local) = Bases(config);
        var network = new TransformerConfig
        {
            LayerCount = layers,
            HeadCount = config.Integer("num_attention_heads"),
            EmbeddingSize = config.Integer("hidden_size"),
            FeedForwardSize = config.Integer("intermediate_size"),
            VocabularySize = config.Integer("vocab_size"),
            ContextLength = config.Integer("max_position_embeddings"),
            NormEpsilon = config.Number("norm_eps", 1e-5),
            Norm = NormKind.Layer,
            Activation = GateActivation.Gelu,
            RotaryBase = global,
            LocalAttention = new LocalAttention
            {
                // Half the window on each side, rounded down.
                Radius = window / 2,
                GlobalInterval = interval,
                RotaryBase = local,
            },
            TiesEmbeddings = true,
            HasEmbeddingNorm = true,
            HasPredictionHead = true,
        };
        return config.Has("mask_token_id") ? network with { MaskTokenId = config.Integer("mask_token_id") } : network;
    }

    protected override JsonObject Write(TransformerConfig config) => new()
    {
        ["hidden_size"] = config.EmbeddingSize,
        ["num_attention_heads"] = config.HeadCount,
        ["num_hidden_layers"] = config.LayerCount,
        ["intermediate_size"] = config.FeedForwardSize,
        ["vocab_size"] = config.VocabularySize,
        ["max_position_embeddings"] = config.ContextLength,
        ["norm_eps"] = config.NormEpsilon,
        ["norm_bias"] = false,
        ["hidden_activation"] = "gelu",
        ["classifier_activation"] = "gelu",
        ["attention_bias"] = false,
        ["mlp_bias"] = false,
        ["classifier_bias"] = false,
        ["decoder_bias"] = true,
        ["global_rope_theta"] = config.RotaryBase,
        ["local_rope_theta"] = config.LocalAttention?.RotaryBase,
        ["local_attention"] = 2 * config.LocalAttention?.Radius,
        ["global_attn_every_n_layers"] = config.LocalAttention?.GlobalInterval,
        ["mask_token_id"] = config.MaskTokenId,
    };

    public override IEnumerable<StoredTensor> Tensors(TransformerConfig config)
    {
        long d = config.EmbeddingSize, f = config.FeedForwardSize;
        yield return StoredTensor.Whole(
            "model.embeddings.tok_embeddings.weight", TransformerNetwork.EmbeddingName, [config.EmbeddingRowCount, d]);
        yield return StoredTensor.Whole("model.embeddings.norm.weight", TransformerNetwork.EmbeddingNormName, [d]);
        for (int i = 0; i < config.LayerCount; i++)
        {
            string own = TransformerNetwork.LayerPrefix(i), theirs = $"model.layers.{i}.", gated = own + "mlp.swiglu.";
            var fused = new FusedProjection(config, own + "attn.attn.weight");
            if (i > 0)
                yield return StoredTensor.Whole(theirs + "attn_norm.weight", own + "norm_1.weight", [d]);
            yield return new StoredTensor(
                theirs + "attn.Wqkv.weight", [3 * d, d], [.. fused.Queries(), .. fused.Keys(d), .. fused.Values(2 * d)]);
            yield return StoredTensor.Whole(theirs + "attn.Wo.weight", own + "attn.proj.weight", [d, d]);
            yield return StoredTensor.Whole(theirs + "mlp_norm.weight", own + "norm_2.weight", [d]);
            yield return new StoredTensor(theirs + "mlp.Wi.weight", [2 * f, d],
                [new StoredRows(gated + "w1.weight", 0, 0, f), new StoredRows(gated + "w2.weight", f, 0, f)]);
            yield return StoredTensor.Whole(theirs + "mlp.Wo.weight", gated + "w3.weight", [d, f]);
        }
        yield return StoredTensor.Whole("model.final_norm.weight", TransformerNetwork.FinalNormName, [d]);
        yield return StoredTensor.Whole("head.dense.weight", TransformerNetwork.HeadDenseName, [d, d]);
        yield return StoredTensor.Whole("head.norm.weight", TransformerNetwork.HeadNormName, [d]);
        yield return StoredTensor.Whole("decoder.bias", TransformerNetwork.HeadBiasName, [config.VocabularySize]);
        yield return StoredTensor.Whole("decoder.weight", TransformerNetwork.EmbeddingName, [config.VocabularySize, d]) with
        {
            IsCopy = true,
        };
    }

    // Newer versions of transformers also name the kind of each block.
    private static void RequireLayers(HubConfig config, int layers, int interval)
    {
        string[] expected =
        [
            .. Enumerable.Range(0, Math.Clamp(layers, 0, 1024))
                .Select(i => interval < 1 || i % interval == 0 ? "full_attention" : "sliding_attention"),
        ];
        config.RequireList("layer_types", expected);
    }

    // Newer versions of transformers have the bases of both kinds of block in one object.
    private static (double Global, double Local) Bases(HubConfig config)
    {
        double global = config.Number("global_rope_theta", 160000), local = config.Number("local_rope_theta", 10000);
        if (config.Group("rope_parameters") is not { } group)
            return (global, local);
        (double, double) bases = (Base(group, "full_attention", global), Base(group, "sliding_attention", local));
        group.RefuseTheRest();
        return bases;
    }

    private static double Base(HubConfig group, string kind, double otherwise)
    {
        if (group.Group(kind) is not { } rotary)
            return otherwise;
        rotary.Require("rope_type", "default");
        double value = rotary.Number("rope_theta", otherwise);
        rotary.RefuseTheRest();
        return value;
    }
}
