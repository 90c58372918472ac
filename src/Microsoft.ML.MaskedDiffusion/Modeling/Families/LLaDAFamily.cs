using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Families;

/// <summary>LLaDA (Nie et al., "Large Language Diffusion Models", 2025), whose files are in OLMo's layout.</summary>
internal sealed class LLaDAFamily : ModelFamily
{
    private const string Root = "model.transformer.";

    public override string ModelType => "llada";

    public override string Architecture => "LLaDAModelLM";

    protected override TransformerConfig Read(HubConfig config)
    {
        int heads = config.Integer("n_heads"), width = config.Integer("d_model"), vocabulary = config.Integer("vocab_size");
        config.Require("block_type", "llama");
        config.Require("layer_norm_type", "rms");
        config.Require("layer_norm_with_affine", true);
        config.Require("bias_for_layer_norm", false);
        config.Require("activation_type", "silu", "swiglu");
        config.Require("alibi", false);
        config.Require("rope", true);
        config.Require("attention_layer_norm", false);
        config.Require("include_bias", false);
        config.Require("input_emb_norm", false);
        config.Require("scale_logits", false);
        config.Require("multi_query_attention", false);
        config.Require("block_group_size", 1);
        config.PassOver(
            "alibi_bias_max", "attention_dropout", "attention_layer_norm_with_affine", "embedding_dropout", "flash_attention",
            "init_cutoff_factor", "init_device", "init_fn", "init_std", "precision", "residual_dropout", "rope_full_precision");
        var network = new TransformerConfig
        {
            LayerCount = config.Integer("n_layers"),
            HeadCount = heads,
            KeyValueHeadCount = config.Integer("n_kv_heads", heads),
            EmbeddingSize = width,
            FeedForwardSize = config.Integer("mlp_hidden_size", (int)Math.Min(config.Integer("mlp_ratio", 4) * (long)width, int.MaxValue)),
            // The rows of the tables, of which the last ones may be no tokens.
            VocabularySize = config.Integer("embedding_size", vocabulary),
            ContextLength = config.Integer("max_sequence_length"),
            NormEpsilon = config.Number("rms_norm_eps", 1e-5),
            RotaryBase = config.Number("rope_theta", 10000),
            HasAttentionBias = config.Flag("include_qkv_bias", false),
            TiesEmbeddings = config.Flag("weight_tying", false),
        };
        return config.Has("mask_token_id") ? network with { MaskTokenId = config.Integer("mask_token_id") } : network;
    }

    protected override JsonObject Write(TransformerConfig config) => new()
    {
        ["d_model"] = config.EmbeddingSize,
        ["n_heads"] = config.HeadCount,
        ["n_kv_heads"] = config.KeyValueHeadCount,
        ["n_layers"] = config.LayerCount,
        ["mlp_hidden_size"] = config.FeedForwardSize,
        ["vocab_size"] = config.VocabularySize,
        ["embedding_size"] = config.VocabularySize,
        ["max_sequence_length"] = config.ContextLength,
        ["rms_norm_eps"] = config.NormEpsilon,
        ["rope_theta"] = config.RotaryBase,
        ["include_qkv_bias"] = config.HasAttentionBias,
        ["weight_tying"] = config.TiesEmbeddings,
        ["mask_token_id"] = config.MaskTokenId,
        ["block_type"] = "llama",
        ["layer_norm_type"] = "rms",
        ["activation_type"] = "silu",
        ["rope"] = true,
        ["rope_full_precision"] = true,
        ["alibi"] = false,
        ["include_bias"] = false,
        ["scale_logits"] = false,
    };

    public override IEnumerable<StoredTensor> Tensors(TransformerConfig config)
    {
        long d = config.EmbeddingSize, f = config.FeedForwardSize;
        yield return StoredTensor.Whole(Root + "wte.weight", TransformerNetwork.EmbeddingName, [config.EmbeddingRowCount, d]);
        for (int i = 0; i < config.LayerCount; i++)
        {
            string own = TransformerNetwork.LayerPrefix(i), theirs = $"{Root}blocks.{i}.";
            yield return StoredTensor.Whole(theirs + "attn_norm.weight", own + "norm_1.weight", [d]);
            foreach (StoredTensor tensor in FusedProjection.Apart(config, i, theirs))
                yield return tensor;
            yield return StoredTensor.Whole(theirs + "attn_out.weight", own + "attn.proj.weight", [d, config.QuerySize]);
            yield return StoredTensor.Whole(theirs + "ff_norm.weight", own + "norm_2.weight", [d]);
            yield return StoredTensor.Whole(theirs + "ff_proj.weight", own + "mlp.swiglu.w1.weight", [f, d]);
            yield return StoredTensor.Whole(theirs + "up_proj.weight", own + "mlp.swiglu.w2.weight", [f, d]);
            yield return StoredTensor.Whole(theirs + "ff_out.weight", own + "mlp.swiglu.w3.weight", [d, f]);
        }
        yield return StoredTensor.Whole(Root + "ln_f.weight", TransformerNetwork.FinalNormName, [d]);
        string head = config.TiesEmbeddings ? TransformerNetwork.EmbeddingName : TransformerNetwork.HeadName;
        yield return StoredTensor.Whole(Root + "ff_out.weight", head, [config.VocabularySize, d]) with { IsCopy = config.TiesEmbeddings };
    }
}
