using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The settings of 'mdm convert'.</summary>
internal sealed class ConvertSettings
{
    /// <summary>The model to convert.</summary>
    public string? Source { get; set; }

    /// <summary>Where it goes, in the form of the name's extension.</summary>
    public string? Target { get; set; }

    /// <summary>The network of a .safetensors file alone, by a preset's name.</summary>
    public string? Preset { get; set; }

    /// <summary>The tokenizer of a .safetensors file alone.</summary>
    public string? Tokenizer { get; set; }

    /// <summary>Folders of adapters that are merged into the model, one after the other.</summary>
    public IReadOnlyList<string> Adapters { get; set; } = [];

    /// <summary>The size of the blocks by which the model's attention shall go; null for as it is.</summary>
    public int? AttentionBlocks { get; set; }

    /// <summary>The numbers in which matrices are saved; Automatic: those of the source, and 32-bit ones of a .safetensors file.</summary>
    public WeightType Weights { get; set; } = WeightType.Automatic;

    /// <summary>Whether a model that is at the target already is replaced.</summary>
    public bool Overwrite { get; set; }
}
