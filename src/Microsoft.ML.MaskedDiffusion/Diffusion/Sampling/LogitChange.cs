using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>
/// What is added to a position's logits before an order looks at them: biases, the penalty of the end of the text, and minus infinity for
/// tokens that may not be chosen. Two of them are equal where options, list of forbidden tokens and treatment of the end are the same
/// objects and numbers.
/// </summary>
/// <param name="Options">Has the biases and the suppressed tokens.</param>
/// <param name="Forbidden">Further tokens that may not be chosen.</param>
/// <param name="EndOfTextIds">The tokens that end a text.</param>
/// <param name="End">What is added to the logits of the ends.</param>
/// <param name="KeepsEnds">Whether the ends may be chosen even if they are among <paramref name="Forbidden"/>.</param>
internal sealed record LogitChange(SamplingOptions Options, int[] Forbidden, int[] EndOfTextIds, float End, bool KeepsEnds) : ILogitChange
{
    /// <summary>That of a position in a row.</summary>
    /// <param name="request">The row.</param>
    /// <param name="options">The options.</param>
    /// <param name="position">The position.</param>
    /// <param name="forbidden">Tokens that may not be chosen there.</param>
    /// <param name="mayEnd">Whether the text may end there even so.</param>
    public static LogitChange Of(SamplingRequest request, SamplingOptions options, int position, int[] forbidden, bool mayEnd) => new(
        options, forbidden, request.EndOfTextIds,
        position < request.FirstEnd ? float.NegativeInfinity : -(float)request.EndOfTextPenalty,
        mayEnd && request.EndOfTextIds.Length > 0);

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
        foreach (int end in EndOfTextIds)
            logits[end] += End;
    }

    /// <summary>Leaves the further tokens without probability.</summary>
    public void Forbid(Span<float> logits)
    {
        const int MostOnStack = 64;
        int count = KeepsEnds ? EndOfTextIds.Length : 0;
        Span<float> ends = count <= MostOnStack ? stackalloc float[count] : new float[count];
        for (int i = 0; i < ends.Length; i++)
            ends[i] = logits[EndOfTextIds[i]];
        foreach (int id in Forbidden)
            logits[id] = float.NegativeInfinity;
        for (int i = 0; i < ends.Length; i++)
            logits[EndOfTextIds[i]] = ends[i];
    }

    private static Dictionary<int, double> NoBias { get; } = [];
}
