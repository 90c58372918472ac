namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>
/// Merges neighbouring symbols of one text whose joint text has an order: the smallest order first, the leftmost among equals. A symbol is
/// named by the index of its first UTF-16 unit; a length of 0 marks one merged away. Time is O(n log n).
/// </summary>
internal abstract class MergeRun(string text)
{
    private readonly int[] _previous = new int[text.Length];
    private readonly PriorityQueue<(int Left, int Right, int Joint), (float Order, int Left)> _queue = new();

    /// <summary>The text.</summary>
    protected string Text => text;

    /// <summary>Lengths of the symbols; set for the first symbols before <see cref="Merge"/>.</summary>
    protected int[] Length { get; } = new int[text.Length];

    /// <summary>Whether the symbol at an index may merge with the next one at all, and when.</summary>
    protected abstract bool TryOrder(int left, int right, out float order);

    /// <summary>Merges until no pair is left that has an order.</summary>
    protected void Merge()
    {
        for (int at = 0, last = -1; at < text.Length; last = at, at += Length[at])
        {
            _previous[at] = last;
            if (last >= 0)
                Enqueue(last, at);
        }
        while (_queue.TryDequeue(out var merge, out _))
        {
            // A pair of which a half has merged otherwise is out of date.
            if (Length[merge.Left] == 0 || Length[merge.Right] == 0 || Length[merge.Left] + Length[merge.Right] != merge.Joint)
                continue;
            Length[merge.Left] = merge.Joint;
            Length[merge.Right] = 0;
            int next = merge.Left + merge.Joint;
            if (_previous[merge.Left] >= 0)
                Enqueue(_previous[merge.Left], merge.Left);
            if (next < text.Length)
            {
                _previous[next] = merge.Left;
                Enqueue(merge.Left, next);
            }
        }
    }

    private void Enqueue(int left, int right)
    {
        if (TryOrder(left, right, out float order))
            _queue.Enqueue((left, right, Length[left] + Length[right]), (order, left));
    }
}
