
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

    /// <summary>Requests scored together and then written, 1 or more. Changes memory and speed, not results. Default 256.</summary>
    public int RequestsPerBatch { get; set; } = 256;

    /// <summary>Told the number of answered requests after every batch. Default null.</summary>
    public IProgress<int>? Progress { get; set; }

    internal LmEvalOptions Clone()
    {
        ArgumentNullException.ThrowIfNull(Likelihood);
        if (!Enum.IsDefined(ContextOverflow))
            throw new ArgumentOutOfRangeException(
                nameof(ContextOverflow), ContextOverflow,
                $"Option {nameof(ContextOverflow)} is {ContextOverflow}; "
                + $"it must be one of {string.Join(", ", Enum.GetNames<ContextOverflow>())}.");
        if (RequestsPerBatch < 1)
            throw new ArgumentOutOfRangeException(
                nameof(RequestsPerBatch), RequestsPerBatch,
                $"Option {nameof(RequestsPerBatch)} is {RequestsPerBatch}; it must be at least 1.");
        var copy = (LmEvalOptions)MemberwiseClone();
        copy.Likelihood = Likelihood.Clone();
        return copy;
    }
}
