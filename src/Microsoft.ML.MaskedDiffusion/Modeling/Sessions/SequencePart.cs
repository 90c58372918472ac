using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

/// <summary>
/// What a session is asked about one row: the tokens at some of its positions, which are computed, and how much of the row they attend.
/// Without a cache these are all of the positions that are attended. With one, the keys and values of the computed positions are written to
/// it, over those that were there, and the rest are read from it as earlier parts left them.
/// </summary>
internal sealed class SequencePart
{
    /// <summary>The ids at <see cref="Positions"/>.</summary>
    public required ReadOnlyMemory<int> Tokens { get; init; }

    /// <summary>The positions that are computed, ascending; not all positions between them need be there.</summary>
    public required ReadOnlyMemory<int> Positions { get; init; }

    /// <summary>
    /// The keys that are attended, those of positions 0 to <see cref="KeyCount"/> - 1, among them all computed positions. In an
    /// autoregressive network a position sees those up to its own, and in one with attention by blocks those up to the end of its block.
    /// </summary>
    public required int KeyCount { get; init; }

    /// <summary>The row's cache, or null where the positions are 0 to <see cref="KeyCount"/> - 1.</summary>
    public KeyValueCache? Cache { get; init; }

    /// <summary>As of <see cref="TokenRows.Blocks"/>.</summary>
    public AttentionBlocks? Blocks { get; init; }

    /// <summary>
    /// Ascending indices into <see cref="Positions"/> of the places whose states are wanted. With
    /// <see cref="TransformerConfig.ShiftsLogits"/> the state of the position before a place predicts it, and is what the place is given,
    /// if that position is among <see cref="Positions"/>; else it is given its own state, since a cache has keys and values but no states.
    /// </summary>
    public required ReadOnlyMemory<int> Asked { get; init; }

    /// <summary>A row from its first position on, with a cache to be filled or without any.</summary>
    public static SequencePart Whole(
        int[] tokens, ReadOnlyMemory<int> asked, KeyValueCache? cache = null, AttentionBlocks? blocks = null) => new()
        {
            Blocks = blocks,
            Tokens = tokens,
            Positions = Enumerable.Range(0, tokens.Length).ToArray(),
            KeyCount = tokens.Length,
            Cache = cache,
            Asked = asked,
        };

    /// <summary>The same part, asked for other places.</summary>
    public SequencePart WithAsked(int[] asked) => new()
    {
        Tokens = Tokens,
        Positions = Positions,
        KeyCount = KeyCount,
        Cache = Cache,
        Blocks = Blocks,
        Asked = asked,
    };

    /// <summary>
    /// For each asked place the index into <see cref="Positions"/> of the place that predicts it, where the output of a place predicts the
    /// next one.
    /// </summary>
    public long[] PredictingPlaces()
    {
        ReadOnlySpan<int> positions = Positions.Span, asked = Asked.Span;
        var places = new long[asked.Length];
        for (int i = 0; i < places.Length; i++)
        {
            int place = asked[i];
            places[i] = place > 0 && positions[place - 1] == positions[place] - 1 ? place - 1 : place;
        }
        return places;
    }

    /// <summary>Requires what the properties say.</summary>
    /// <exception cref="ArgumentException">It is otherwise; the message says what.</exception>
    public void Check(TransformerConfig config)
    {
        ReadOnlySpan<int> tokens = Tokens.Span, positions = Positions.Span;
        if (tokens.IsEmpty || tokens.Length != positions.Length)
            throw new ArgumentException($"A part has at least one token, and a position for each; {tokens.Length} tokens have "
                + $"{positions.Length} positions.", nameof(Positions));
        for (int i = 0; i < tokens.Length; i++)
        {
            if ((uint)tokens[i] >= (uint)config.EmbeddingRowCount)
                throw new ArgumentOutOfRangeException(nameof(Tokens), tokens[i],
                    $"The id at index {i} must be 0 to {config.EmbeddingRowCount - 1}, the ids that the network knows.");
        }
        int room = Math.Min(config.ContextLength, Cache?.Capacity ?? int.MaxValue);
        if (KeyCount < 1 || KeyCount > room)
            throw new ArgumentOutOfRangeException(nameof(KeyCount), KeyCount,
                $"A part attends 1 to {room} keys, which the context and the cache have room for.");
        RequireAscending(positions, KeyCount, nameof(Positions));
        RequireAscending(Asked.Span, tokens.Length, nameof(Asked));
        if (Cache is null && tokens.Length != KeyCount)
            throw new ArgumentException(
                $"Without a cache a part has all of its {KeyCount} positions, not {tokens.Length}.", nameof(Positions));
    }

    private static void RequireAscending(ReadOnlySpan<int> values, int limit, string name)
    {
        int least = 0;
        foreach (int value in values)
        {
            if (value < least || value >= limit)
                throw new ArgumentOutOfRangeException(name, value, $"{name} ascend, without repetition, from 0 to {limit - 1}.");
            least = value + 1;
        }
    }
}
