using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Infilling;

/// <summary>What the network is asked about a gap. The log-probabilities of the rows of a question add up.</summary>
internal static class GapQuestions
{
    /// <summary>How many of the known tokens on each side of a gap are looked at.</summary>
    public const int ContextTokens = 4;

    /// <summary>
    /// log p(tokens behind the gap | the rest, length): the chain rule from the gap to the right over the known tokens, with the gap
    /// masked. A text that ends within them ends in the end of a text.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="gap">The gap.</param>
    /// <param name="endOfTextId">The token that ends a text; null for none.</param>
    /// <param name="maskTokenId">The mask token.</param>
    public static MaskedRow[] Behind(GapRow row, int gap, int? endOfTextId, int maskTokenId)
    {
        int[] tokens = endOfTextId is { } end ? [.. row.Tokens, end] : [.. row.Tokens];
        int first = row.Gaps[gap].End.Value;
        int[] known = Known(tokens, Enumerable.Range(first, tokens.Length - first), maskTokenId);
        // The end-of-text token stays in the row only where it is one of the tokens whose likelihood is asked for.
        if (endOfTextId is not null && !known.Contains(tokens.Length - 1))
            tokens = [.. row.Tokens];
        tokens.AsSpan(row.Gaps[gap]).Fill(maskTokenId);
        return Chain(tokens, known, maskTokenId);
    }

    /// <summary>
    /// log p(tokens before the gap | the rest, length): the chain rule from the gap to the left over the known tokens, with the gap masked.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="gap">The gap.</param>
    /// <param name="startLength">The ids at the beginning that are no text.</param>
    /// <param name="maskTokenId">The mask token.</param>
    public static MaskedRow[] Before(GapRow row, int gap, int startLength, int maskTokenId)
    {
        int[] tokens = [.. row.Tokens];
        int first = row.Gaps[gap].Start.Value;
        tokens.AsSpan(row.Gaps[gap]).Fill(maskTokenId);
        IEnumerable<int> leftwards = Enumerable.Range(startLength, Math.Max(0, first - startLength)).Reverse();
        return Chain(tokens, Known(tokens, leftwards, maskTokenId), maskTokenId);
    }

    /// <summary>log p(content | the rest): the chain rule over the gap's tokens, from left to right.</summary>
    /// <param name="row">The row.</param>
    /// <param name="gap">The gap.</param>
    /// <param name="maskTokenId">The mask token.</param>
    public static MaskedRow[] Content(GapRow row, int gap, int maskTokenId)
    {
        (int first, int length) = row.Gaps[gap].GetOffsetAndLength(row.Tokens.Length);
        return Chain(row.Tokens, [.. Enumerable.Range(first, length)], maskTokenId);
    }

    private static int[] Known(int[] tokens, IEnumerable<int> positions, int maskTokenId) =>
        [.. positions.Where(position => tokens[position] != maskTokenId).Take(ContextTokens)];

    // One row for each position: it and those after it in the order are masked.
    private static MaskedRow[] Chain(int[] tokens, int[] positions, int maskTokenId)
    {
        var rows = new MaskedRow[positions.Length];
        int[] masked = [.. tokens];
        for (int i = positions.Length - 1; i >= 0; i--)
        {
            masked[positions[i]] = maskTokenId;
            rows[i] = new MaskedRow([.. masked], null, [positions[i]], [tokens[positions[i]]]);
        }
        return rows;
    }
}
