using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A corpus's perplexity.</summary>
/// <param name="All">Figures of all documents together.</param>
/// <param name="Groups">
/// Figures of each group that has a document with a token, ordered by its name (ordinal, so ISO dates come in time's order); empty where no
/// document has a group.
/// </param>
/// <param name="EmptyCount">Documents without a token, which count in no figure.</param>
/// <param name="WindowedCount">Documents longer than the model's context, scored in windows.</param>
/// <param name="Stride">New tokens of each window after a document's first.</param>
/// <param name="Settings">The likelihood settings in words.</param>
public sealed record PerplexityResult(
    PerplexityFigures All, IReadOnlyList<PerplexityFigures> Groups, long EmptyCount, long WindowedCount, int Stride, string Settings)
{
    /// <summary>One line for each group, and one for all documents.</summary>
    public override string ToString() => string.Join(Environment.NewLine, [.. Groups, All]);
}

/// <summary>
/// Figures of a corpus or one group of it. Errors over items are those of a ratio of sums over documents (Cochran, "Sampling Techniques",
/// 1977, eq. 6.13), carried to the perplexity by the delta method. With methods that estimate a masked diffusion model's bound, all three
/// are upper bounds.
/// </summary>
/// <param name="Group">The group; null for all documents together.</param>
/// <param name="DocumentCount">Documents with at least one token.</param>
/// <param name="TokenCount">Tokens scored.</param>
/// <param name="ByteCount">UTF-8 bytes of the documents.</param>
/// <param name="NegativeLogLikelihood">Nats per token.</param>
/// <param name="Perplexity">Perplexity per token: exp of the nats per token.</param>
/// <param name="BitsPerByte">Bits per UTF-8 byte, comparable between tokenizers.</param>
public sealed record PerplexityFigures(
    string? Group, long DocumentCount, long TokenCount, long ByteCount,
    EvaluationMetric NegativeLogLikelihood, EvaluationMetric Perplexity, EvaluationMetric BitsPerByte)
{
    /// <summary>One line, units included.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Group ?? "all"}: {DocumentCount} documents, {TokenCount} tokens, perplexity {Perplexity} per token, "
        + $"{BitsPerByte} bits per byte");
}
