using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>
/// What a network reads: sequences of token ids, all of one length, row after row in managed memory. Ids are checked there, before a device
/// gets them: to read them back from a GPU would make every step wait for it.
/// </summary>
internal sealed class TokenRows
{
    /// <param name="ids">The ids of all rows; kept, not copied.</param>
    /// <param name="length">Tokens of a row, at least 1.</param>
    /// <exception cref="ArgumentException">The ids are no whole number of rows, or there are none.</exception>
    public TokenRows(long[] ids, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        if (ids.Length == 0 || ids.Length % length != 0)
            throw new ArgumentException(
                $"{ids.Length} token ids are no whole number of rows of {length} tokens; at least one row is needed.", nameof(ids));
        Ids = ids;
        Length = length;
    }

    /// <summary>The ids, row * <see cref="Length"/> + position.</summary>
    public long[] Ids { get; }

    /// <summary>Tokens of a row.</summary>
    public int Length { get; }

    /// <summary>
    /// The blocks by which attention goes where the network has <see cref="TransformerConfig.AttentionBlockSize"/>. Default null: those
    /// from the first position on.
    /// </summary>
    public AttentionBlocks? Blocks { get; init; }

    /// <summary>Number of rows.</summary>
    public int Count => Ids.Length / Length;

    /// <summary>Requires every id to be 0 to <paramref name="limit"/> - 1.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="limit">The first id that is too large.</param>
    /// <param name="name">What the ids are, for the error.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative or too large; the error says which and where.</exception>
    public static void RequireIds(ReadOnlySpan<long> ids, int limit, string name)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            if ((ulong)ids[i] >= (ulong)limit)
                throw new ArgumentOutOfRangeException(
                    name, ids[i], $"The id at index {i} of {name} must be 0 to {limit - 1}, the ids that the network knows.");
        }
    }
}
