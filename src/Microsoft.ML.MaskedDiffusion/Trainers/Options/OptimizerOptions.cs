using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.SearchSpace;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>AdamW and its schedule: a linear warm-up, then a cosine.</summary>
public sealed class OptimizerOptions
{
    /// <summary>
    /// Steps in which the learning rate rises from 0, at least 0. Default null: 1 % of the run, but at least 100 steps, or a tenth of a run
    /// below 1,000 steps.
    /// </summary>
    public int? WarmupSteps { get; set; }

    /// <summary>
    /// The learning rate that the cosine ends at, as a share of <see cref="TrainerOptions.LearningRate"/>; 0 to 1. Default 0.1.
    /// </summary>
    public double MinLearningRateRatio { get; set; } = 0.1;

    /// <summary>AdamW's first decay rate, 0 up to but not 1. Default 0.9.</summary>
    public double Beta1 { get; set; } = 0.9;

    /// <summary>AdamW's second decay rate, 0 up to but not 1. Default 0.95.</summary>
    [Choice(0.95, 0.98, 0.99)]
    public double Beta2 { get; set; } = 0.95;

    /// <summary>AdamW's decoupled weight decay, 0 to 1. Default 0.1.</summary>
    [Range(1e-3, 0.3, 0.1, true)]
    public double WeightDecay { get; set; } = 0.1;

    /// <summary>Whether weight decay also acts on the gains of the norms, as published. Default true.</summary>
    public bool DecayNormGains { get; set; } = true;

    /// <summary>The global L2 norm that gradients are clipped to, above 0; positive infinity for no clipping. Default 1.</summary>
    public double GradientClipNorm { get; set; } = 1;

    /// <summary>
    /// The decay rate d of an exponential moving average of the weights, above 0 and below 1, such as 0.999 for a run of 20,000 steps (the
    /// average looks back over some 1 / (1 - d) of them). The averages are then what is validated, kept as the best, and returned; training
    /// goes on from the weights themselves. Step t moves the averages by (1 - d) / (1 - d^t) of the way to the weights, so that they hold
    /// the weights of steps only, with shares d^(t - i), and none of the initial ones (Adam's correction of the bias, Kingma and Ba, 2015,
    /// section 3): a short run needs no warm-up. Takes 4 bytes more per parameter, and another 4 during a validation. Default null: no
    /// averaging, as published.
    /// </summary>
    public double? EmaDecay { get; set; }

    internal OptimizerOptions Clone() => (OptimizerOptions)MemberwiseClone();

    internal void Check(long? maxSteps)
    {
        const string Group = nameof(TrainerOptions.Optimizer) + ".";
        const string Rate = "0 up to but not 1";
        OptionCheck.Require(WarmupSteps is null or >= 0, Group + nameof(WarmupSteps), WarmupSteps, "at least 0, or null");
        OptionCheck.Require(WarmupSteps is null || maxSteps is null || WarmupSteps <= maxSteps, Group + nameof(WarmupSteps), WarmupSteps,
            FormattableString.Invariant($"at most MaxSteps {maxSteps}, or null for a tenth of a short run"));
        OptionCheck.RequireShare(MinLearningRateRatio, Group + nameof(MinLearningRateRatio));
        OptionCheck.Require(Beta1 is >= 0 and < 1, Group + nameof(Beta1), Beta1, Rate);
        OptionCheck.Require(Beta2 is >= 0 and < 1, Group + nameof(Beta2), Beta2, Rate);
        OptionCheck.RequireShare(WeightDecay, Group + nameof(WeightDecay));
        OptionCheck.Require(GradientClipNorm > 0, Group + nameof(GradientClipNorm), GradientClipNorm,
            "above 0; positive infinity for no clipping");
        OptionCheck.Require(EmaDecay is null or (> 0 and < 1), Group + nameof(EmaDecay), EmaDecay,
            "above 0 and below 1, such as 0.999, or null for no averaging");
    }
}
