using Mdm.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>What is done with the rows of a file.</summary>
internal enum BatchTask
{
    /// <summary>What the pipeline of a .zip does.</summary>
    Pipeline,

    /// <summary>The likelihood of a text, as 'mdm score'.</summary>
    Score,

    /// <summary>The most likely of several answers, as 'mdm choose'.</summary>
    Choose,

    /// <summary>Gaps are filled, as by 'mdm infill'.</summary>
    Infill,

    /// <summary>A text after a prompt, as by 'mdm generate'.</summary>
    Generate,
}

/// <summary>The settings of 'mdm batch'.</summary>
internal sealed class BatchSettings : ModelSettings
{
    /// <summary>What is done; null for the pipeline of a .zip, and for the likelihood with a model alone.</summary>
    public BatchTask? Task { get; set; }

    /// <summary>The column with the text, context or prompt; null for the one that the task's options name.</summary>
    public string? Column { get; set; }

    /// <summary>The part of the rows to take, such as 2/8.</summary>
    public string Shard { get; set; } = BatchShard.Whole.ToString();

    /// <summary>Files, formats, columns, invalid rows.</summary>
    public BatchScoringOptions Batch { get; set; } = new();

    /// <summary>The options of <see cref="BatchTask.Score"/>.</summary>
    public LikelihoodScoringOptions Score { get; set; } = new();

    /// <summary>The options of <see cref="BatchTask.Choose"/>.</summary>
    public ChoiceScoringOptions Choose { get; set; } = new();

    /// <summary>The options of <see cref="BatchTask.Infill"/>.</summary>
    public InfillOptions Infill { get; set; } = new();

    /// <summary>The options of <see cref="BatchTask.Generate"/>.</summary>
    public TextGenerationOptions Generate { get; set; } = new();
}
