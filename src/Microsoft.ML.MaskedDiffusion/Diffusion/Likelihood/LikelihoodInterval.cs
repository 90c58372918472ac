using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Bounds on log p(text) or log p(text | context), nats summed over the tokens, where the tokens are revealed in a random order. On average
/// over the orders drawn, the bounds enclose log p; a single pair encloses it within 1.96 standard errors on each side in at least 90 % of
/// cases from 16 orders on.
/// </summary>
/// <param name="Lower">The variational bound, the mean logarithm, which <see cref="LikelihoodMethod.ExactCount"/> estimates.</param>
/// <param name="LowerStandardError">Its standard error in nats; 0 where it is exact.</param>
/// <param name="Upper">
/// The tangent bound. It is near log p where the orders agree about the text, and far above it where their log-probabilities differ by many
/// nats, as in long texts.
/// </param>
/// <param name="UpperStandardError">Its standard error in nats; 0 where the bound is log p itself.</param>
/// <param name="TokenCount">Tokens that were scored. Divide by it for nats per token.</param>
public readonly record struct LikelihoodInterval(
    double Lower, double LowerStandardError, double Upper, double UpperStandardError, int TokenCount)
{
    /// <summary>The interval of a text in windows.</summary>
    internal static LikelihoodInterval Sum(LikelihoodRequest[] windows, MixtureBounds[] bounds)
    {
        EstimateError lower = new RequestCopies().Add(windows, bounds.Select(window => window.LowerError));
        EstimateError upper = new RequestCopies().Add(windows, bounds.Select(window => window.UpperError));
        return new LikelihoodInterval(
            bounds.Sum(window => window.Lower), lower.StandardError, bounds.Sum(window => window.Upper), upper.StandardError,
            windows.Sum(window => window.Answer.Length));
    }
}
