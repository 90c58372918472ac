namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Counts the records that a <see cref="FineTuningReader"/> left out, by reason. For one reading thread.</summary>
public sealed class SkippedRows
{
    private readonly SortedDictionary<string, int> _byReason = new(StringComparer.Ordinal);

    /// <summary>Records left out so far.</summary>
    public int Count => _byReason.Values.Sum();

    /// <summary>Records left out so far for each reason.</summary>
    public IReadOnlyDictionary<string, int> ByReason => _byReason;

    /// <summary>For example "3 skipped: 2 longer than 256 tokens, 1 without exactly one '||'".</summary>
    public override string ToString() =>
        Count == 0 ? "none skipped" : $"{Count} skipped: {string.Join(", ", _byReason.Select(pair => $"{pair.Value} {pair.Key}"))}";

    internal void Add(string reason) => _byReason[reason] = _byReason.GetValueOrDefault(reason) + 1;
}
