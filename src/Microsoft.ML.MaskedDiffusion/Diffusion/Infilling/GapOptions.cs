using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How <see cref="Infiller"/> settles gaps, beside how it chooses tokens. Checked and copied by whatever takes it; later changes have no
/// effect.
/// </summary>
public sealed class GapOptions
{
    /// <summary>The largest <see cref="MaxGapLength"/>, tokens.</summary>
    public const int LargestMaxGapLength = 1024;

    /// <summary>The largest <see cref="Samples"/>.</summary>
    public const int LargestSamples = 1024;

    internal const int DefaultMaxGapLength = 8;

    internal const double DefaultFillingWeight = 0.25;

    /// <summary>The most tokens of a gap [MASK*], 1 to <see cref="LargestMaxGapLength"/>. Default 8.</summary>
    public int MaxGapLength { get; set; } = DefaultMaxGapLength;

    /// <summary>
    /// How gaps of unknown length get their lengths. <see cref="GapLengthMethod.LengthTokens"/> needs a model with length tokens, and
    /// sampling options without Steps, BlockLength, Remasking, Cache, SelfCorrectionSteps and SharesStepsAmongRows, because what was
    /// planned for a length is not a plan for another. Texts with candidates are not affected. Default
    /// <see cref="GapLengthMethod.Likelihood"/>.
    /// </summary>
    public GapLengthMethod LengthMethod { get; set; } = GapLengthMethod.Likelihood;

    /// <summary>
    /// How much the log-probability of a gap's filling counts beside that of the text around it when a length is chosen, 0 to 1: 0 finds
    /// the most probable length, 1 the most probable length and filling together, which are shorter than the true ones on average but more
    /// often right to the last token. 0 is also cheaper, since nothing need be filled to choose. Default 0.25: nearly the best of both
    /// where it was measured (docs/infilling.md).
    /// </summary>
    public double FillingWeight { get; set; } = DefaultFillingWeight;

    /// <summary>
    /// Draws of each text, 1 to <see cref="LargestSamples"/>. More than 1 need something that is drawn: a temperature above 0, or a random
    /// order, count, remasking or self-correction. The first draw is the one that a single one would be. Texts with candidates have one.
    /// Default 1.
    /// </summary>
    public int Samples { get; set; } = 1;

    /// <summary>
    /// What to do with a text that cannot be filled: one that is longer than the model's context, has a gap of an impossible size, or has
    /// no candidates to choose from. Default <see cref="InvalidRows.Throw"/>; under <see cref="InvalidRows.Skip"/> it stays as it is, and
    /// <see cref="FilledText.Error"/> says why.
    /// </summary>
    public InvalidRows InvalidRows { get; set; } = InvalidRows.Throw;

    internal GapOptions Clone(SamplingOptions sampling)
    {
        OptionCheck.Require(MaxGapLength is >= 1 and <= LargestMaxGapLength, nameof(MaxGapLength), MaxGapLength,
            $"1 to {LargestMaxGapLength} tokens");
        OptionCheck.RequireShare(FillingWeight, nameof(FillingWeight));
        OptionCheck.Require(Samples is >= 1 and <= LargestSamples, nameof(Samples), Samples, $"1 to {LargestSamples}");
        OptionCheck.Require(Samples == 1 || sampling.CanDiffer(), nameof(Samples), Samples, SamplingOptions.OneResult);
        OptionCheck.RequireDefined(InvalidRows, nameof(InvalidRows));
        CheckLengthMethod(LengthMethod, sampling);
        return (GapOptions)MemberwiseClone();
    }

    private static void CheckLengthMethod(GapLengthMethod method, SamplingOptions sampling)
    {
        OptionCheck.RequireDefined(method, nameof(LengthMethod));
        if (method != GapLengthMethod.LengthTokens)
            return;
        const string Reason = " under GapLengthMethod.LengthTokens, where lengths change between steps";
        OptionCheck.Require(sampling.Steps is null, nameof(sampling.Steps), sampling.Steps, "null" + Reason);
        OptionCheck.Require(sampling.BlockLength is null, nameof(sampling.BlockLength), sampling.BlockLength, "null" + Reason);
        OptionCheck.Require(sampling.Remasking == Remasking.None, nameof(sampling.Remasking), sampling.Remasking.Name, "None" + Reason);
        OptionCheck.Require(sampling.Cache == SamplingCache.None, nameof(sampling.Cache), sampling.Cache.Name, "None" + Reason);
        OptionCheck.Require(
            sampling.SelfCorrectionSteps == 0, nameof(sampling.SelfCorrectionSteps), sampling.SelfCorrectionSteps, "0" + Reason);
        OptionCheck.Require(
            !sampling.SharesStepsAmongRows, nameof(sampling.SharesStepsAmongRows), sampling.SharesStepsAmongRows, "false" + Reason);
    }
}
