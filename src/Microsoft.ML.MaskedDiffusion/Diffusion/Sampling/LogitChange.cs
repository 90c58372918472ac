using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>
/// What is added to a position's logits before an order looks at them: biases, the penalty of the end of the text, and minus infinity for
/// tokens that may not be chosen. Two of them are equal where options, list of forbidden tokens and treatment of the end are the same
/// objects and numbers.
/// </summary>
/// <param name="Options">Has the biases and the suppressed tokens.</param>
/// <param name="Forbidden">Further tokens that may not be chosen.</param>
/// <param name="EndOfTextId">The token that ends a text, or null.</param>
/// <param name="End">What is added to the logit of the end.</param>
/// <param name="KeepsEnd">Whether the end may be chosen even if it is among <paramref name="Forbidden"/>.</param>
internal sealed record LogitChange(SamplingOptions Options, int[] Forbidden, int? EndOfTextId, float End, bool KeepsEnd) : ILogitChange
{
    /// <summary>That of a position in a row.</summary>
    /// <param name="request">The row.</param>
    /// <param name="options">The options.</param>
    /// <param name="position">The position.</param>
    /// <param name="forbidden">Tokens that may not be chosen there.</param>
    /// <param name="mayEnd">Whether the text may end there even so.</param>
    public static LogitChange Of(SamplingRequest request, SamplingOptions options, int position, int[] forbidden, bool mayEnd) => new(
        options, forbidden, request.EndOfTextId,
        position < request.FirstEnd ? float.NegativeInfinity : -(float)request.EndOfTextPenalty,
        mayEnd && request.EndOfTextId is not null);

    /// <inheritdoc/>
    public void AddTo(Span<float> logits)
    {
        AddNumbers(logits);
        Forbid(logits);
    }

    /// <summary>Adds all but what <see cref="Forbid"/> does.</summary>
    public void AddNumbers(Span<float> logits)
    {
        foreach ((int id, double bias) in Options.TokenBias ?? NoBias)
            logits[id] += (float)bias;
        foreach (int id in Options.SuppressedTokens ?? [])
            logits[id] = float.NegativeInfinity;
        if (EndOfTextId is { } end)
            logits[end] += End;
    }

    /// <summary>Leaves the further tokens without probability.</summary>
    public void Forbid(Span<float> logits)
    {
        float end = KeepsEnd ? logits[EndOfTextId!.Value] : 0;
        foreach (int id in Forbidden)
            logits[id] = float.NegativeInfinity;
        if (KeepsEnd)
            logits[EndOfTextId!.Value] = end;
    }

    private static Dictionary<int, double> NoBias { get; } = [];
}
