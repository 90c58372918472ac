namespace Microsoft.ML.MaskedDiffusion.Modeling.Adapters;

/// <summary>The names in PEFT's files of an adapter. Other programs read them, so they never change.</summary>
internal static class AdapterFiles
{
    public const string Config = "adapter_config.json", Weights = "adapter_model.safetensors", OtherWeights = "adapter_model.bin";

    public const string Kind = "LORA";

    /// <summary>What PEFT calls models that write from left to right; masked diffusion models have no name there.</summary>
    public const string CausalTask = "CAUSAL_LM";

    /// <summary>What follows a layer's name in those of its factors.</summary>
    public const string ASuffix = ".lora_A.weight", BSuffix = ".lora_B.weight";

    private const string Prefix = "base_model.model.";

    /// <summary>The tensor of a layer's A.</summary>
    public static string NameOfA(string layer) => Prefix + layer + ASuffix;

    /// <summary>The tensor of a layer's B.</summary>
    public static string NameOfB(string layer) => Prefix + layer + BSuffix;

    /// <summary>The layer that a tensor is of; null where it is neither factor of one.</summary>
    public static string? LayerOf(string tensor)
    {
        bool isFactor = tensor.EndsWith(ASuffix, StringComparison.Ordinal) || tensor.EndsWith(BSuffix, StringComparison.Ordinal);
        return isFactor && tensor.StartsWith(Prefix, StringComparison.Ordinal) && tensor.Length > Prefix.Length + ASuffix.Length
            ? tensor[Prefix.Length..^ASuffix.Length] : null;
    }
}
