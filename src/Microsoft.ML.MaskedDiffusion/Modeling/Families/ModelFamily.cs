using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Families;

/// <summary>
/// A published family of models: how its config.json describes the network, and which tensors of its files the parameters are. The network
/// itself is the one of <see cref="TransformerConfig"/>; a family is a way to write it down.
/// </summary>
internal abstract class ModelFamily
{
    // A field of this library's own, which others pass over: the families' files do not say that a model was trained as block diffusion.
    private const string AttentionBlockSize = "attention_block_size";

    /// <summary>All families that can be read, by the model type of their config.json.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } =
    [
        new LLaDAFamily(),
        LlamaLayout.Dream,
        LlamaLayout.A2DQwen2,
        LlamaLayout.A2DQwen3,
        LlamaLayout.A2DLlama,
        new ModernBertFamily(),
        LlamaLayout.Llama,
        LlamaLayout.Qwen2,
        LlamaLayout.Qwen3,
    ];

    /// <summary>What config.json calls it: its model_type.</summary>
    public abstract string ModelType { get; }

    /// <summary>The class that transformers loads its models with, as config.json names it.</summary>
    public abstract string Architecture { get; }

    /// <summary>The network of a configuration, without a mask token where the file names none. Faults are noted there.</summary>
    public TransformerConfig ReadNetwork(HubConfig config)
    {
        TransformerConfig network = Read(config);
        return config.Has(AttentionBlockSize) ? network with { AttentionBlockSize = config.Integer(AttentionBlockSize) } : network;
    }

    /// <summary>The configuration of a network, but for what only describes the file. Reading it gives the network again.</summary>
    public JsonObject WriteNetwork(TransformerConfig config)
    {
        JsonObject json = Write(config);
        if (config.AttentionBlockSize is { } size)
            json[AttentionBlockSize] = size;
        return json;
    }

    /// <summary>What a family's own fields say.</summary>
    protected abstract TransformerConfig Read(HubConfig config);

    /// <summary>A family's own fields.</summary>
    protected abstract JsonObject Write(TransformerConfig config);

    /// <summary>The tensors of the family's files.</summary>
    public abstract IEnumerable<StoredTensor> Tensors(TransformerConfig config);

    /// <summary>Tensors that some files have and that hold nothing of the network.</summary>
    public virtual bool IsPassedOver(string tensor) => false;

    /// <summary>The family of a model type; upper and lower case are the same.</summary>
    public static ModelFamily? Find(string modelType) =>
        All.FirstOrDefault(family => family.ModelType.Equals(modelType, StringComparison.OrdinalIgnoreCase));
}
