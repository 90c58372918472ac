namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Counts the records that a <see cref="FineTuningReader"/> left out, by reason. Not thread-safe.</summary>
public sealed class SkippedRows
{
    private readonly SortedDictionary<string, int> _byReason = new(StringComparer.Ordinal);

    /// <summary>The number of records left out so far.</summary>
    public int Count => _byReason.Values.Sum();

    /// <summary>The number of records left out so far, for each reason.</summary>
    public IReadOnlyDictionary<string, int> ByReason => _byReason;

    /// <summary>The counts for people.</summary>
    /// <returns>For example "3 skipped: 2 longer than 256 tokens, 1 without exactly one '||'".</returns>
    public override string ToString() =>
        Count == 0 ? "none skipped" : $"{Count} skipped: {string.Join(", ", _byReason.Select(pair => $"{pair.Value} {pair.Key}"))}";

    internal void Add(string reason) => _byReason[reason] = _byReason.GetValueOrDefault(reason) + 1;
}
