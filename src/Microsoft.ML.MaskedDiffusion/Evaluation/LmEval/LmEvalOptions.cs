using Microsoft.ML.MaskedDiffusion.Options;


namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How requests of lm-evaluation-harness are answered. Checked and copied by <see cref="LmEvalRequests"/>; later changes have no effect.
/// </summary>
public sealed class LmEvalOptions
{
    /// <summary>The likelihood settings. Defaults of <see cref="LikelihoodOptions"/>.</summary>
    public LikelihoodOptions Likelihood { get; set; } = new();

    /// <summary>
    /// Whether to test if greedy decoding gives the continuation, which costs up to one network row per token. Default true. If false,
    /// <c>is_greedy</c> is null.
    /// </summary>
    public bool Greedy { get; set; } = true;

    /// <summary>What to do with requests longer than the model's context. Default <see cref="ContextOverflow.Skip"/>.</summary>
    public ContextOverflow ContextOverflow { get; set; } = ContextOverflow.Skip;

    /// <summary>
    /// What to do with lines that are no request. Default <see cref="InvalidRows.Throw"/>. If they are skipped, their lines of the
    /// responses have an <c>error</c>.
    /// </summary>
    public InvalidRows InvalidRows { get; set; } = InvalidRows.Throw;

    /// <summary>Requests scored together and then written, 1 or more. Changes memory and speed, not results. Default 256.</summary>
    public int RequestsPerBatch { get; set; } = 256;

    /// <summary>Told after every batch how many requests are answered, those of a stopped run included. Default null.</summary>
    public IProgress<ScoringProgress>? Progress { get; set; }

    internal LmEvalOptions Clone()
    {
        OptionCheck.RequireObject(Likelihood, nameof(Likelihood), "a LikelihoodOptions; leave it unset for the default");
        OptionCheck.RequireDefined(ContextOverflow, nameof(ContextOverflow));
        OptionCheck.RequireDefined(InvalidRows, nameof(InvalidRows));
        OptionCheck.RequireCount(RequestsPerBatch, nameof(RequestsPerBatch));
        var copy = (LmEvalOptions)MemberwiseClone();
        copy.Likelihood = Likelihood.Clone();
        return copy;
    }
}
