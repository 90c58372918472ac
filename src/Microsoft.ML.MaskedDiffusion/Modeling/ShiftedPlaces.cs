namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>
/// The places whose states predict the asked places, where the output of a place predicts the next one. The first place of a row is
/// predicted by its own output, which also predicts the second: then the state is computed once and read twice.
/// </summary>
internal sealed class ShiftedPlaces
{
    /// <param name="sources">For each asked place the place whose state predicts it; they do not descend.</param>
    public ShiftedPlaces(long[] sources)
    {
        var computed = new List<long>(sources.Length);
        Rows = new int[sources.Length];
        for (int i = 0; i < sources.Length; i++)
        {
            if (i == 0 || sources[i] != sources[i - 1])
                computed.Add(sources[i]);
            Rows[i] = computed.Count - 1;
        }
        Computed = [.. computed];
    }

    /// <summary>The places to be computed, ascending.</summary>
    public long[] Computed { get; }

    /// <summary>For each asked place the number of its state among those of <see cref="Computed"/>.</summary>
    public int[] Rows { get; }

    /// <summary>Whether each asked place has a state of its own.</summary>
    public bool AreDistinct => Computed.Length == Rows.Length;
}
