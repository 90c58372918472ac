namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A text with its gaps filled. Immutable.</summary>
public sealed class FilledText
{
    internal FilledText(IReadOnlyList<FilledSample> samples, IReadOnlyList<int> gapLengths, string? error = null) =>
        (Samples, GapLengths, Error) = (samples, gapLengths, error);

    /// <summary>The first draw's text. Outside the gaps it is the caller's, character for character.</summary>
    public string Text => Samples[0].Text;

    /// <summary>The first draw's <see cref="FilledSample.LogProbability"/>, nats.</summary>
    public double LogProbability => Samples[0].LogProbability;

    /// <summary>All draws, <see cref="GapOptions.Samples"/> of them; one where there are candidates to choose from.</summary>
    public IReadOnlyList<FilledSample> Samples { get; }

    /// <summary>
    /// The tokens of each gap of the first draw, from left to right. Gaps with nothing between them are one. Empty where nothing was
    /// filled. Only under <see cref="GapLengthMethod.LengthTokens"/> may other draws have other lengths.
    /// </summary>
    public IReadOnlyList<int> GapLengths { get; }

    /// <summary>Why the text was left as it is, under <see cref="InvalidRows.Skip"/>; null where it was filled.</summary>
    public string? Error { get; }
}

/// <summary>One draw of a text's gaps.</summary>
/// <param name="Text">The filled text.</param>
/// <param name="LogProbability">
/// The sum over the gaps' tokens of log p at the moment when each was chosen, nats, where the model writes; of the chosen candidates the
/// log-probability of their tokens, each given the text around the gap and the tokens before it. 0 without gaps, NaN where the text could
/// not be filled.
/// </param>
public readonly record struct FilledSample(string Text, double LogProbability);
