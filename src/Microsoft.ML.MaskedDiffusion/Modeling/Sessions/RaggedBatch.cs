namespace Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

/// <summary>
/// Parts of different lengths, their computed places one after the other, so that they go through a product together. Parts that ask for
/// nothing and have no cache to write to are left out.
/// </summary>
internal sealed class RaggedBatch
{
    public RaggedBatch(IReadOnlyList<SequencePart> parts)
    {
        Parts = [.. parts.Where(part => part.Cache is not null || !part.Asked.IsEmpty)];
        Starts = new int[Parts.Length + 1];
        AskedStarts = new int[Parts.Length + 1];
        for (int i = 0; i < Parts.Length; i++)
        {
            Starts[i + 1] = checked(Starts[i] + Parts[i].Tokens.Length);
            AskedStarts[i + 1] = AskedStarts[i] + Parts[i].Asked.Length;
        }
        Ids = new long[Starts[^1]];
        Positions = new long[Starts[^1]];
        Asked = new long[AskedStarts[^1]];
        for (int i = 0; i < Parts.Length; i++)
        {
            int start = Starts[i];
            Widen(Parts[i].Tokens, Ids, start, 0);
            Widen(Parts[i].Positions, Positions, start, 0);
            Widen(Parts[i].Asked, Asked, AskedStarts[i], start);
        }
    }

    public SequencePart[] Parts { get; }

    /// <summary>Each part's first place, and the number of all places at the end.</summary>
    public int[] Starts { get; }

    /// <summary>Each part's first index into <see cref="Asked"/>, and the number of all asked places at the end.</summary>
    public int[] AskedStarts { get; }

    /// <summary>The ids at all places.</summary>
    public long[] Ids { get; }

    /// <summary>The positions of all places in their rows.</summary>
    public long[] Positions { get; }

    /// <summary>The asked places, ascending.</summary>
    public long[] Asked { get; }

    /// <summary>
    /// Groups of consecutive parts, [first, last), of at most <paramref name="places"/> places unless a part has more alone.
    /// </summary>
    public List<(int First, int Last)> Groups(int places)
    {
        List<(int, int)> groups = [];
        for (int first = 0, last; first < Parts.Length; first = last)
        {
            last = first + 1;
            while (last < Parts.Length && Starts[last + 1] - Starts[first] <= places)
                last++;
            groups.Add((first, last));
        }
        return groups;
    }

    private static void Widen(ReadOnlyMemory<int> from, long[] to, int start, int offset)
    {
        ReadOnlySpan<int> values = from.Span;
        for (int i = 0; i < values.Length; i++)
            to[start + i] = values[i] + offset;
    }
}
