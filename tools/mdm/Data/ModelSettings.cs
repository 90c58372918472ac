using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>What the commands that use a model have in common.</summary>
internal abstract class ModelSettings
{
    /// <summary>The model: a folder, a .mdm file, or the .zip of a pipeline.</summary>
    public string? Model { get; set; }

    /// <summary>Where it computes: auto, cpu, cuda or cuda:1.</summary>
    public string Device { get; set; } = "auto";

    /// <summary>The numbers in which the model's matrices are held in memory.</summary>
    public WeightType Weights { get; set; } = WeightType.Automatic;
}

/// <summary>What the commands that use a model on texts from a file have in common.</summary>
internal abstract class InputSettings : ModelSettings
{
    /// <summary>A file with texts, one a line, or JSON objects, one a line, where its name ends in .jsonl.</summary>
    public string? File { get; set; }
}
