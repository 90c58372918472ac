namespace Reproduce.Runs;

/// <summary>How an experiment is run.</summary>
internal sealed record RunOptions
{
    /// <summary>
    /// Scales the work: the steps of all trainings and the number of questions. 1 is what fits into 20 minutes of 2 cores.
    /// </summary>
    public double Scale { get; init; } = 1;

    /// <summary>Models keep the random weights that they begin with: what a figure is worth that does not come from learning.</summary>
    public bool IsUntrained { get; init; }

    /// <summary>The published figures through the same analysis, without a training.</summary>
    public bool IsSimulated { get; init; }

    /// <summary>Small files that the experiment makes itself, in place of a data set's.</summary>
    public bool UsesStandIns { get; init; }

    /// <summary>The published setting in place of the small one: for a GPU, from models that are pre-trained.</summary>
    public bool IsFull { get; init; }

    /// <summary>The pre-trained masked diffusion model that the published setting begins with; null where none is named.</summary>
    public string? ModelFile { get; init; }

    /// <summary>The pre-trained autoregressive model that it is compared with; null where none is named.</summary>
    public string? BaselineFile { get; init; }

    /// <summary>The pre-trained model that judges the texts of both; null where none is named.</summary>
    public string? JudgeFile { get; init; }

    /// <summary>The seed of every random choice.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Where data sets lie that are not generated, in their official files; null where none is at hand.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Where everything is written.</summary>
    public required string Folder { get; init; }

    /// <summary>A number of steps, questions or samples after scaling; at least 1.</summary>
    public int Scaled(int count) => Math.Max(1, (int)Math.Round(count * Scale));
}
