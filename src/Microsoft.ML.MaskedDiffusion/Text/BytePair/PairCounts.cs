using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Text.BytePair;

/// <summary>
/// Counts how often each pair of neighbouring symbols occurs and in which words, and finds the most frequent pair while the counts change.
/// </summary>
internal sealed class PairCounts
{
    private sealed class Pair
    {
        public long Count;
        public List<int> Words = [];
        public bool Changed;
    }

    private readonly Dictionary<ulong, Pair> _pairs = [];
    private readonly List<ulong> _grown = [];

    // Of equally frequent pairs the one with the smaller ids comes first (left id, then right), so the order of the corpus does not matter.
    private readonly PriorityQueue<ulong, (long NegativeCount, ulong Key)> _queue = new();

    public void Add(int left, int right, long count, int word)
    {
        ulong key = Key(left, right);
        ref Pair? pair = ref CollectionsMarshal.GetValueRefOrAddDefault(_pairs, key, out _);
        pair ??= new Pair();
        pair.Count += count;
        if (pair.Words.Count == 0 || pair.Words[^1] != word)
            pair.Words.Add(word);
        if (pair.Changed)
            return;
        pair.Changed = true;
        _grown.Add(key);
    }

    public void Subtract(int left, int right, long count) => _pairs[Key(left, right)].Count -= count;

    /// <summary>
    /// Queues the pairs whose count grew since the last call. A pair may be queued several times; its current count decides when it is
    /// taken out.
    /// </summary>
    public void Commit()
    {
        foreach (ulong key in _grown)
        {
            Pair pair = _pairs[key];
            pair.Changed = false;
            if (pair.Count > 1)
                _queue.Enqueue(key, (-pair.Count, key));
        }
        _grown.Clear();
    }

    /// <summary>
    /// Takes out the most frequent pair and the words that may contain it (a word may be listed twice, or no longer contain it). Returns
    /// false when no pair occurs twice.
    /// </summary>
    public bool TryTake(out int left, out int right, out List<int> words)
    {
        while (_queue.TryDequeue(out ulong key, out var rank))
        {
            if (!_pairs.TryGetValue(key, out Pair? pair) || pair.Count < 2)
                continue;
            if (pair.Count < -rank.NegativeCount)
            {
                _queue.Enqueue(key, (-pair.Count, key));
                continue;
            }
            // A pair whose count has grown is also queued with its higher count, and is taken out there first.
            (left, right, words) = ((int)(key >> 32), (int)(uint)key, pair.Words);
            return true;
        }
        (left, right, words) = (0, 0, []);
        return false;
    }

    public void Remove(int left, int right) => _pairs.Remove(Key(left, right));

    private static ulong Key(int left, int right) => (ulong)(uint)left << 32 | (uint)right;
}
