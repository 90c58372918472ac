using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.SearchSpace;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// The noise of masked diffusion training and the weights of its loss. An autoregressive model is trained without noise, so the
/// <see cref="AutoregressiveTrainer"/> takes the defaults alone; it does not use <see cref="MaxGapLength"/>.
/// </summary>
public sealed class NoiseOptions
{
    /// <summary>
    /// How the noise levels of a step's sequences are drawn. Default <see cref="NoiseLevels.Independent"/>, as published: for batches of 16
    /// on a small trained model <see cref="NoiseLevels.Stratified"/> lowered the loss's standard deviation from 0.254 to 0.247 nats and the
    /// gradient's noise from 16.5 to 14.2 times its signal (the benchmark "noise", 400 batches).
    /// </summary>
    [Choice(NoiseLevels.Independent, NoiseLevels.Stratified)]
    public NoiseLevels Levels { get; set; } = NoiseLevels.Independent;

    /// <summary>
    /// The weight of each masked token in the loss. Default <see cref="LossWeighting.InverseNoiseLevel"/>, which makes the loss a bound on
    /// the negative log-likelihood.
    /// </summary>
    [Choice(LossWeighting.InverseNoiseLevel, LossWeighting.Uniform)]
    public LossWeighting LossWeighting { get; set; } = LossWeighting.InverseNoiseLevel;

    /// <summary>
    /// The share p_u of uniform noise in the forward process, 0 up to but not 1 (GIDD; von Ruette et al., arXiv 2503.04482, 2025): beside
    /// mask tokens the model sees tokens that were drawn at random, at most this share of all half-way to full noise, and learns to tell
    /// them from right ones. So it can correct a text that is written (<see cref="SamplingOptions.SelfCorrectionSteps"/>). GIDD's models
    /// have 0.1 or 0.2 and are trained with <see cref="LossWeighting.Dynamic"/>. The loss has a term for every token behind the prompt,
    /// not for masked tokens alone, which costs about twice the vocabulary's part of a step. The model keeps the share
    /// (<see cref="TransformerConfig.UniformShare"/>), and an <see cref="TrainerOptions.InitialModel"/> that has one must be given
    /// the same. Not with a <see cref="GapLengthRatio"/>. Default 0: mask tokens only.
    /// </summary>
    public double UniformShare { get; set; }

    /// <summary>
    /// The share of micro batches that are cut to a length drawn uniformly from 1 to the context length, the rest of their tokens left out;
    /// 0 to 1. A model so trained knows texts shorter than its context. SMDM's largest model used 0.01. Budgets in tokens and FLOPs count
    /// the mean length. Default 0.
    /// </summary>
    public double StochasticLengthRatio { get; set; }

    /// <summary>
    /// The probability that a micro batch is trained with all its prompts masked, 0 to 1, decided for the micro batch as a whole, as
    /// published: what a model then predicts without a prompt makes classifier-free guidance the standard one. SMDM: 0.1. Needs a
    /// <see cref="RowOptions.PromptColumnName"/>. Default 0.
    /// </summary>
    public double GuidanceDropout { get; set; }

    /// <summary>
    /// The share of rows from which the model learns the length of gaps, 0 to 1 (after DreamOn, arXiv 2602.01326). Such a row has one gap,
    /// of which the model sees fewer tokens than there are in the text, or more, and learns two tokens more than the tokenizer has, with
    /// which it doubles a masked token or takes it away (<see cref="TransformerConfig.HasLengthTokens"/>). The loss of such rows is the
    /// mean cross-entropy of their masked tokens, whatever <see cref="LossWeighting"/> says. For models that know their language: go on
    /// from an <see cref="TrainerOptions.InitialModel"/> (docs/infilling.md). A model that fills gaps so
    /// (<see cref="GapLengthMethod.LengthTokens"/>) also fills gaps of known lengths and has likelihoods, as any other. An
    /// <see cref="TrainerOptions.InitialModel"/> without the two tokens gets them. Default 0.
    /// </summary>
    public double GapLengthRatio { get; set; }

    /// <summary>
    /// The most tokens of a gap from which the model learns lengths: 1 to the context length. Used with a <see cref="GapLengthRatio"/>. The
    /// length in the text and the one that is seen are uniform up to it. Default 16.
    /// </summary>
    public int MaxGapLength { get; set; } = 16;

    internal NoiseOptions Clone() => (NoiseOptions)MemberwiseClone();

    internal void Check(RowOptions rows, int contextLength)
    {
        const string Group = nameof(TrainerOptions.Noise) + ".";
        OptionCheck.RequireDefined(Levels, Group + nameof(Levels));
        OptionCheck.RequireDefined(LossWeighting, Group + nameof(LossWeighting));
        OptionCheck.Require(UniformShare is >= 0 and < 1, Group + nameof(UniformShare), UniformShare, "0 up to but not 1");
        OptionCheck.Require(UniformShare == 0 || GapLengthRatio == 0, Group + nameof(UniformShare), UniformShare,
            "0 with a GapLengthRatio: train the one after the other");
        OptionCheck.Require(UniformShare == 0 || LossWeighting != LossWeighting.Uniform, Group + nameof(LossWeighting), LossWeighting,
            "Dynamic, Clipped or InverseNoiseLevel with a UniformShare");
        OptionCheck.Require(UniformShare > 0 || LossWeighting is LossWeighting.InverseNoiseLevel or LossWeighting.Uniform,
            Group + nameof(LossWeighting), LossWeighting, "InverseNoiseLevel or Uniform without a UniformShare; set one");
        OptionCheck.RequireShare(StochasticLengthRatio, Group + nameof(StochasticLengthRatio));
        OptionCheck.RequireShare(GuidanceDropout, Group + nameof(GuidanceDropout));
        OptionCheck.RequireShare(GapLengthRatio, Group + nameof(GapLengthRatio));
        OptionCheck.Require(MaxGapLength >= 1 && (GapLengthRatio == 0 || MaxGapLength <= contextLength), Group + nameof(MaxGapLength),
            MaxGapLength, FormattableString.Invariant($"1 to the network's context length {contextLength}"));
        OptionCheck.Require(rows.PromptColumnName is not null || GuidanceDropout == 0, Group + nameof(GuidanceDropout), GuidanceDropout,
            "the default without a Rows.PromptColumnName; set one");
        OptionCheck.Require(rows.PacksDocuments || StochasticLengthRatio == 0, Group + nameof(StochasticLengthRatio), StochasticLengthRatio,
            "0 where each row is a sequence of its own, which is never cut");
    }

    /// <summary>Refuses what has no meaning for an autoregressive model.</summary>
    internal void CheckDefaults()
    {
        const string Group = nameof(TrainerOptions.Noise) + ".";
        const string Default = "the default: an autoregressive model is trained without noise and on whole sequences";
        OptionCheck.Require(Levels == NoiseLevels.Independent, Group + nameof(Levels), Levels, Default);
        OptionCheck.Require(LossWeighting == LossWeighting.InverseNoiseLevel, Group + nameof(LossWeighting), LossWeighting, Default);
        OptionCheck.Require(UniformShare == 0, Group + nameof(UniformShare), UniformShare, Default);
        OptionCheck.Require(StochasticLengthRatio == 0, Group + nameof(StochasticLengthRatio), StochasticLengthRatio, Default);
        OptionCheck.Require(GuidanceDropout == 0, Group + nameof(GuidanceDropout), GuidanceDropout, Default);
        OptionCheck.Require(GapLengthRatio == 0, Group + nameof(GapLengthRatio), GapLengthRatio, Default);
    }
}
