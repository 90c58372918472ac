using Mdm.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The settings of 'mdm generate'.</summary>
internal sealed class GenerateSettings : InputSettings
{
    /// <summary>The prompts; null reads a file or the standard input.</summary>
    public IReadOnlyList<string>? Prompts { get; set; }

    /// <summary>The published sampler from which <see cref="Generation"/> has its defaults; null for the library's own defaults.</summary>
    public SamplerPreset? Preset { get; set; }

    /// <summary>Texts to write after each prompt.</summary>
    public int Count { get; set; } = 1;

    /// <summary>Whether the texts are shown while they are written.</summary>
    public bool Watch { get; set; }

    /// <summary>How texts are written.</summary>
    public GenerationOptions Generation { get; set; } = new();
}
