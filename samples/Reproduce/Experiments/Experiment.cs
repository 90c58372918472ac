using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments;

/// <summary>One of the paper's results, repeated in small.</summary>
internal abstract class Experiment
{
    /// <summary>What the command line calls it.</summary>
    public abstract string Name { get; }

    /// <summary>What is shown, as a heading.</summary>
    public abstract string Title { get; }

    /// <summary>How it is done, in some sentences, for the page of results.</summary>
    public abstract string Method { get; }

    /// <summary>Whether published figures can take the place of trainings (<see cref="RunOptions.IsSimulated"/>).</summary>
    public virtual bool HasPublishedFigures => false;

    /// <summary>Whether it makes small files in place of a data set's (<see cref="RunOptions.UsesStandIns"/>).</summary>
    public virtual bool HasStandIns => false;

    /// <summary>What the published setting is and needs (<see cref="RunOptions.IsFull"/>); null where there is none.</summary>
    public virtual string? Full => null;

    /// <summary>
    /// Whether the published setting begins with pre-trained models (<see cref="RunOptions.ModelFile"/>,
    /// <see cref="RunOptions.BaselineFile"/>), and not with random weights.
    /// </summary>
    public virtual bool FullNeedsModels => true;

    /// <summary>Measures and concludes.</summary>
    public abstract ExperimentResult Measure(Run run);
}
