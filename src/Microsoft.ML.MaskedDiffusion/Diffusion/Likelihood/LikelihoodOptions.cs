using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How likelihoods are estimated. Checked and copied by whatever takes it; later changes have no effect. An autoregressive model is scored
/// exactly, with one network row for each request: it takes <see cref="LikelihoodMethod.ExactCount"/> or
/// <see cref="LikelihoodMethod.ChainRule"/>, with the same result, and neither guidance nor padding; samples, targets and seed then change
/// nothing.
/// </summary>
public sealed class LikelihoodOptions
{
    /// <summary>The method of estimation. Default <see cref="LikelihoodMethod.ExactCount"/>.</summary>
    [JsonPropertyName("Estimator")]
    public LikelihoodMethod Method { get; set; } = LikelihoodMethod.ExactCount;

    /// <summary>
    /// Masks drawn per request by the methods that sample, 3 to 1048576. Default 128. An answer of few tokens needs fewer: see
    /// <see cref="LikelihoodMethod.ExactCount"/>. From 16 samples on 1.96 standard errors cover 95 %: where few samples leave the error
    /// itself uncertain, it is as much larger as that takes. Where the network's attention goes by blocks they are masks of each block.
    /// </summary>
    [JsonPropertyName("Samples")]
    public int Samples { get; set; } = 128;

    /// <summary>
    /// Strength w of classifier-free guidance, 0 to 1000: logits = unconditional + (1 + w) (conditional - unconditional), the unconditional
    /// ones with the context masked (Nie et al., 2024, eq. 7). Costs a second network row each. In windows of a long text the context is
    /// what they still hold of the one that was given: the text's own tokens are never masked for it. Default 0: off.
    /// </summary>
    [JsonPropertyName("GuidanceScale")]
    public double GuidanceScale { get; set; }

    /// <summary>
    /// Extends every sequence with mask tokens to the model's context length, for models that have only seen sequences of full length
    /// (SMDM's <c>padding</c>). Slower, and another number. Default false.
    /// </summary>
    [JsonPropertyName("PadToContext")]
    public bool PadToContext { get; set; }

    /// <summary>Draws of one comb of noise levels in <see cref="LikelihoodMethod.MonteCarlo"/>, 1 or more. Default 32, as SMDM.</summary>
    [JsonPropertyName("RoundSize")]
    public int RoundSize { get; set; } = 32;

    /// <summary>
    /// Adaptive budget: double a request's samples until its standard error (nats) is at most this, or <see cref="MaxSamples"/> is reached.
    /// Above 0. Not for networks whose attention goes by blocks. Default null: off.
    /// </summary>
    [JsonPropertyName("TargetStandardError")]
    public double? TargetStandardError { get; set; }

    /// <summary>
    /// Adaptive budget: double the samples of a question's leading options until the best log-likelihood is ahead of every other by this
    /// many times the root of the sum of both standard errors' squares, or <see cref="MaxSamples"/> is reached. It goes by log-likelihoods
    /// also where options are compared by these divided by their lengths. That root is the standard error of a difference of independent
    /// estimates; options share their random numbers, so the difference's own is as a rule smaller, and the budget is on the safe side.
    /// Above 0 and at most 100; 2 is usual. An option's samples then depend on the question's other options. With
    /// <see cref="TargetStandardError"/> too, either is enough. A text that is scored by itself has nothing to be ahead of, and so no more
    /// samples than <see cref="Samples"/>: leave it null there. Not for networks whose attention goes by blocks. Default null: off.
    /// </summary>
    [JsonPropertyName("SeparationZ")]
    public double? SeparationZ { get; set; }

    /// <summary>
    /// Most samples of a request under an adaptive budget, at least <see cref="Samples"/> and at most 16777216; without such a budget it is
    /// not used. Default 4096.
    /// </summary>
    [JsonPropertyName("MaxSamples")]
    public int MaxSamples { get; set; } = 4096;

    /// <summary>Tokens that go through the network at once, 1 or more. Changes memory and speed, not results. Default 8192.</summary>
    [JsonPropertyName("BatchTokens")]
    public int BatchTokens { get; set; } = 8192;

    /// <summary>Seed of all draws. Default 0.</summary>
    [JsonPropertyName("Seed")]
    public int Seed { get; set; }

    internal LikelihoodOptions Clone()
    {
        OptionCheck.RequireObject(Method, nameof(Method),
            $"one of {string.Join(", ", LikelihoodMethod.Names)}, such as LikelihoodMethod.ExactCount");
        OptionCheck.Require(Samples is >= 3 and <= 1 << 20, nameof(Samples), Samples, "3 to 1048576; fewer give no standard error");
        OptionCheck.Require(GuidanceScale is >= 0 and <= 1000, nameof(GuidanceScale), GuidanceScale, "0 to 1000; 0 is off");
        OptionCheck.RequireCount(RoundSize, nameof(RoundSize));
        OptionCheck.RequirePositiveOrNull(TargetStandardError, nameof(TargetStandardError));
        OptionCheck.Require(SeparationZ is null or (> 0 and <= 100), nameof(SeparationZ), SeparationZ,
            "above 0 and at most 100 standard errors, or null");
        int leastMaxSamples = TargetStandardError is null && SeparationZ is null ? 1 : Samples;
        OptionCheck.Require(MaxSamples >= leastMaxSamples && MaxSamples <= 1 << 24, nameof(MaxSamples), MaxSamples,
            string.Create(CultureInfo.InvariantCulture,
                $"{leastMaxSamples} to 16777216, and at least Samples ({Samples}) under an adaptive budget"));
        OptionCheck.Require(BatchTokens >= 1, nameof(BatchTokens), BatchTokens, "at least 1 token");
        return (LikelihoodOptions)MemberwiseClone();
    }
}
