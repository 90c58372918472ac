namespace Microsoft.ML.Tokenizers;

/// <summary>The merges of a byte-pair vocabulary, and their application to one word: the most urgent pair first, the leftmost among equals.</summary>
internal sealed class PairMerges
{
    // Up to here a plain scan beats the bookkeeping of a queue.
    private const int ScanLimit = 32;

    private readonly Dictionary<ulong, (int Rank, int Id)> _merges = [];

    public void Add(int left, int right, int rank, int id) => _merges[Key(left, right)] = (rank, id);

    /// <summary>Merges <paramref name="ids"/> in place; returns how many are left. <paramref name="lengths"/>, when given, are summed along.</summary>
    public int Apply(Span<int> ids, Span<int> lengths) => ids.Length <= ScanLimit ? Scan(ids, lengths) : Queue(ids, lengths);

    private int Scan(Span<int> ids, Span<int> lengths)
    {
        int count = ids.Length;
        Span<(int Rank, int Id)> pairs = stackalloc (int, int)[ScanLimit];
        for (int i = 0; i + 1 < count; i++)
            pairs[i] = Find(ids[i], ids[i + 1]);
        while (count > 1)
        {
            int best = 0;
            for (int i = 1; i + 1 < count; i++)
            {
                if (pairs[i].Rank < pairs[best].Rank)
                    best = i;
            }
            if (pairs[best].Rank == int.MaxValue)
                break;
            ids[best] = pairs[best].Id;
            lengths[best] += lengths[best + 1];
            ids[(best + 2)..count].CopyTo(ids[(best + 1)..]);
            lengths[(best + 2)..count].CopyTo(lengths[(best + 1)..]);
            if (best + 2 < count)
                pairs[(best + 2)..(count - 1)].CopyTo(pairs[(best + 1)..]);
            count--;
            if (best > 0)
                pairs[best - 1] = Find(ids[best - 1], ids[best]);
            if (best + 1 < count)
                pairs[best] = Find(ids[best], ids[best + 1]);
        }
        return count;
    }

    private int Queue(Span<int> ids, Span<int> lengths)
    {
        int[] next = new int[ids.Length], previous = new int[ids.Length];
        var queue = new PriorityQueue<(int Position, int Left, int Right, int Id), (int Rank, int Position)>();
        for (int i = 0; i < ids.Length; i++)
        {
            (previous[i], next[i]) = (i - 1, i + 1);
            if (i + 1 < ids.Length)
                Enqueue(i, ids[i], ids[i + 1]);
        }
        while (queue.TryDequeue(out var merge, out _))
        {
            int left = merge.Position, right = next[left];
            // A pair whose halves have since been merged otherwise is stale; a merged-away position holds no id.
            if (ids[left] != merge.Left || right >= ids.Length || ids[right] != merge.Right)
                continue;
            ids[left] = merge.Id;
            lengths[left] += lengths[right];
            ids[right] = -1;
            int after = next[left] = next[right];
            if (after < ids.Length)
            {
                previous[after] = left;
                Enqueue(left, ids[left], ids[after]);
            }
            if (previous[left] >= 0)
                Enqueue(previous[left], ids[previous[left]], ids[left]);
        }
        int count = 0;
        for (int i = 0; i < ids.Length; i = next[i])
            (ids[count], lengths[count++]) = (ids[i], lengths[i]);
        return count;

        void Enqueue(int position, int left, int right)
        {
            (int rank, int id) = Find(left, right);
            if (rank != int.MaxValue)
                queue.Enqueue((position, left, right, id), (rank, position));
        }
    }

    private (int Rank, int Id) Find(int left, int right) => _merges.TryGetValue(Key(left, right), out var merge) ? merge : (int.MaxValue, -1);

    private static ulong Key(int left, int right) => (ulong)(uint)left << 32 | (uint)right;
}
