using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How a corpus is scored. Checked and copied by <see cref="PerplexityEvaluator"/>; later changes have no effect.</summary>
public sealed class PerplexityOptions
{
    /// <summary>
    /// The likelihood settings. Default exact-count estimates of 16 samples a window: a corpus averages over many windows, and its
    /// noise error says whether that is enough.
    /// </summary>
    public LikelihoodOptions Likelihood { get; set; } = new() { Samples = 16 };

    /// <summary>
    /// For documents longer than the model's context: how many new tokens each window after the first scores, after the tokens before them;
    /// 1 to the model's context length (no context at all; one less for an autoregressive model, which needs some). Smaller is closer to
    /// the truth and slower. Default null: half the context length.
    /// </summary>
    public int? Stride { get; set; }

    /// <summary>Documents scored together, 1 or more. Changes memory and speed, not results. Default 64.</summary>
    public int DocumentsPerBatch { get; set; } = 64;

    /// <summary>Told after every batch how many documents are done. Default null.</summary>
    public IProgress<ScoringProgress>? Progress { get; set; }

    internal PerplexityOptions Clone(int contextLength, bool needsContext)
    {
        int longest = needsContext ? contextLength - 1 : contextLength;
        OptionCheck.RequireObject(Likelihood, nameof(Likelihood), "a LikelihoodOptions; leave it unset for the default");
        OptionCheck.Require(Stride is null || (Stride >= 1 && Stride <= longest), nameof(Stride), Stride,
            FormattableString.Invariant($"1 to {longest}, what the model's context length allows, or null for half the context"));
        OptionCheck.RequireCount(DocumentsPerBatch, nameof(DocumentsPerBatch));
        var copy = (PerplexityOptions)MemberwiseClone();
        copy.Likelihood = Likelihood.Clone();
        copy.Stride ??= TextWindows.DefaultStride(contextLength);
        return copy;
    }
}
