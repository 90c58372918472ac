using Mdm.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The settings of 'mdm eval'.</summary>
internal sealed class EvalSettings : ModelSettings
{
    /// <summary>JSON-lines files whose names begin with a task's name, or folders of such files.</summary>
    public IReadOnlyList<string> Data { get; set; } = [];

    /// <summary>The task of all files: a name, or a JSON file with a definition; null takes it from each file's name.</summary>
    public string? Task { get; set; }

    /// <summary>Whether the settings are SMDM's for each task, in place of <see cref="Likelihood"/>.</summary>
    public bool PublishedProfile { get; set; }

    /// <summary>How likelihoods are estimated, for all tasks.</summary>
    public LikelihoodOptions Likelihood { get; set; } = new();

    /// <summary>Which questions are asked, and what is written down.</summary>
    public ZeroShotOptions Evaluation { get; set; } = new();
}
