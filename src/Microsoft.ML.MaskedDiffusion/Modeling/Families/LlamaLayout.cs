using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Families;

/// <summary>
/// The families whose files are in the layout that Llama (Touvron et al., 2023) and Qwen share: Dream (Ye et al., 2025), the models that
/// dLLM turned from autoregressive ones into masked diffusion models (A2D), and those autoregressive models themselves.
/// </summary>
internal sealed class LlamaLayout : ModelFamily
{
    private LlamaLayout(string modelType, string architecture)
    {
        (ModelType, Architecture) = (modelType, architecture);
    }

    public static LlamaLayout Dream { get; } = new("Dream", "DreamModel") { HasBias = true, Shifts = true, NormEpsilon = 1e-6 };

    public static LlamaLayout A2DQwen2 { get; } = new("a2d-qwen2", "A2DQwen2LMHeadModel")
    {
        HasBias = true, NormEpsilon = 1e-6,
    };

    public static LlamaLayout A2DQwen3 { get; } = new("a2d-qwen3", "A2DQwen3LMHeadModel")
    {
        HasQueryKeyNorm = true, NormEpsilon = 1e-6, DefaultHeadSize = 128,
    };

    public static LlamaLayout A2DLlama { get; } = new("a2d-llama", "A2DLlamaLMHeadModel") { NormEpsilon = 1e-6 };

    public static LlamaLayout Llama { get; } = new("llama", "LlamaForCausalLM") { NormEpsilon = 1e-6, IsAutoregressive = true };

    public static LlamaLayout Qwen2 { get; } = new("qwen2", "Qwen2ForCausalLM")
    {
        HasBias = true, NormEpsilon = 1e-6, IsAutoregressive = true,
    };

    public static LlamaLayout Qwen3 { get; } = new("qwen3", "Qwen3ForCausalLM")
    {
        HasQueryKeyNorm = true, NormEpsilon = 1e-6, DefaultHeadSize = 128, IsAutoregressive = true,
    };

    public override string ModelType { get; }

    public override string Architecture { get; }

    private bool HasBias { get; init; }

    private bool HasQueryKeyNorm { get; init; }

    private bool Shifts { get; init; }

    private bool IsAutoregressive { get; init; }

    private double NormEpsilon { get; init; }

    // Of files that name no head_dim; null: the width through the number of heads.
    private int? DefaultHeadSize { get; init; }

    protected override TransformerConfig Read(HubConfig config)
    {
        int heads = config.Integer("num_attention_heads"), width = config.Integer("hidden_size");
        config.Require("hidden_act", "silu");
        // Qwen 2 always has these biases, whatever the file says, and the others have none, nor one after attention.
        config.Require("attention_bias", false);
        config.Require("mlp_bias", false);
        config.Require("layer_types", "full_attention");
        config.Require("use_sliding_window", false);
        config.Require("use_mrope", false);
        config.PassOver("attention_dropout", "max_window_layers", "sliding_window");
        (double rotaryBase, RotaryScaling? scaling) = Rotary(config);
        var network = new TransformerConfig
        {
            LayerCount = config.Integer("num_hidden_layers"),
            HeadCount = heads,
            KeyValueHeadCount = config.Integer("num_key_value_heads", heads),
            EmbeddingSize = width,
            FeedForwardSize = config.Integer("intermediate_size"),
            VocabularySize = config.Integer("vocab_size"),
            ContextLength = config.Integer("max_position_embeddings"),
            NormEpsilon = config.Number("rms_norm_eps", NormEpsilon),
            RotaryBase = rotaryBase,
            RotaryScaling = scaling,
            HasAttentionBias = HasBias,
            HasQueryKeyNorm = HasQueryKeyNorm,
            TiesEmbeddings = config.Flag("tie_word_embeddings", false),
            ShiftsLogits = Shifts,
            Autoregressive = IsAutoregressive,
        };
        if (config.Has("head_dim") || DefaultHeadSize is not null)
            network = network with { HeadSize = config.Integer("head_dim", DefaultHeadSize ?? 0) };
        return config.Has("mask_token_id") ? network with { MaskTokenId = config.Integer("mask_token_id") } : network;
    }

    protected override JsonObject Write(TransformerConfig config)
    {
        var json = new JsonObject
        {
            ["hidden_size"] = config.EmbeddingSize,
            ["num_attention_heads"] = config.HeadCount,
            ["num_key_value_heads"] = config.KeyValueHeadCount,
            ["head_dim"] = config.HeadSize,
            ["num_hidden_layers"] = config.LayerCount,
            ["intermediate_size"] = config.FeedForwardSize,
            ["vocab_size"] = config.VocabularySize,
            ["max_position_embeddings"] = config.ContextLength,
            ["rms_norm_eps"] = config.NormEpsilon,
            ["rope_theta"] = config.RotaryBase,
            ["rope_scaling"] = null,
            ["tie_word_embeddings"] = config.TiesEmbeddings,
            ["hidden_act"] = "silu",
            ["attention_bias"] = false,
            ["use_sliding_window"] = false,
        };
        if (config.RotaryScaling is { } scaling)
        {
            json["rope_scaling"] = new JsonObject
            {
                ["rope_type"] = "llama3",
                ["factor"] = scaling.Factor,
                ["low_freq_factor"] = scaling.LowFrequencyFactor,
                ["high_freq_factor"] = scaling.HighFrequencyFactor,
                ["original_max_position_embeddings"] = scaling.OriginalContextLength,
            };
        }
        if (!IsAutoregressive)
            json["mask_token_id"] = config.MaskTokenId;
        return json;
    }

    public override IEnumerable<StoredTensor> Tensors(TransformerConfig config)
    {
        long d = config.EmbeddingSize, f = config.FeedForwardSize, h = config.HeadSize;
        yield return StoredTensor.Whole("model.embed_tokens.weight", TransformerNetwork.EmbeddingName, [config.EmbeddingRowCount, d]);
        for (int i = 0; i < config.LayerCount; i++)
        {
            string own = TransformerNetwork.LayerPrefix(i), theirs = $"model.layers.{i}.", attention = theirs + "self_attn.";
            yield return StoredTensor.Whole(theirs + "input_layernorm.weight", own + "norm_1.weight", [d]);
            foreach (StoredTensor tensor in FusedProjection.Apart(config, i, attention))
                yield return tensor;
            if (config.HasQueryKeyNorm)
            {
                yield return StoredTensor.Whole(attention + "q_norm.weight", own + "attn.norm_q.weight", [h]);
                yield return StoredTensor.Whole(attention + "k_norm.weight", own + "attn.norm_k.weight", [h]);
            }
            yield return StoredTensor.Whole(attention + "o_proj.weight", own + "attn.proj.weight", [d, config.QuerySize]);
            yield return StoredTensor.Whole(theirs + "post_attention_layernorm.weight", own + "norm_2.weight", [d]);
            yield return StoredTensor.Whole(theirs + "mlp.gate_proj.weight", own + "mlp.swiglu.w1.weight", [f, d]);
            yield return StoredTensor.Whole(theirs + "mlp.up_proj.weight", own + "mlp.swiglu.w2.weight", [f, d]);
            yield return StoredTensor.Whole(theirs + "mlp.down_proj.weight", own + "mlp.swiglu.w3.weight", [d, f]);
        }
        yield return StoredTensor.Whole("model.norm.weight", TransformerNetwork.FinalNormName, [d]);
        string head = config.TiesEmbeddings ? TransformerNetwork.EmbeddingName : TransformerNetwork.HeadName;
        yield return StoredTensor.Whole("lm_head.weight", head, [config.VocabularySize, d]) with { IsCopy = config.TiesEmbeddings };
    }

    // Older files of Llama keep the angles' frequencies, which the configuration says anyway.
    public override bool IsPassedOver(string tensor) => tensor.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal);

    // Newer versions of transformers put both into one object.
    private static (double Base, RotaryScaling? Scaling) Rotary(HubConfig config)
    {
        double rotaryBase = config.Number("rope_theta", 10000);
        bool isNewer = config.Has("rope_parameters");
        if (config.Group(isNewer ? "rope_parameters" : "rope_scaling") is not { } group)
            return (rotaryBase, null);
        if (isNewer)
            rotaryBase = group.Number("rope_theta", rotaryBase);
        group.Require("rope_type", "llama3", "default");
        group.Require("type", "llama3", "default");
        RotaryScaling? scaling = null;
        string? kind = group.Text("rope_type") ?? group.Text("type");
        if (kind == "llama3")
        {
            if (!group.Has("factor"))
                group.Fault("factor", "is missing");
            scaling = new RotaryScaling
            {
                Factor = group.Number("factor", 1),
                LowFrequencyFactor = group.Number("low_freq_factor", 1),
                HighFrequencyFactor = group.Number("high_freq_factor", 4),
                OriginalContextLength = group.Integer("original_max_position_embeddings"),
            };
        }
        else if (kind is not null)
        {
            group.PassOver("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings");
        }
        group.RefuseTheRest();
        return (rotaryBase, scaling);
    }
}
