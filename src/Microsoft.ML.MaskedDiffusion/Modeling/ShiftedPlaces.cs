namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>
/// The places whose states predict the asked places, where the output of a place predicts the next one. The first place of a row is
/// predicted by its own output, which also predicts the second: then the state is computed once and read twice.
/// </summary>
internal sealed class ShiftedPlaces
{
    /// <param name="sources">For each asked place the place whose state predicts it.</param>
    public ShiftedPlaces(long[] sources)
    {
        Computed = [.. sources.Distinct().Order()];
        Rows = Array.ConvertAll(sources, source => Array.BinarySearch(Computed, source));
    }

    /// <summary>The places to be computed, ascending.</summary>
    public long[] Computed { get; }

    /// <summary>For each asked place the number of its state among those of <see cref="Computed"/>.</summary>
    public int[] Rows { get; }

    /// <summary>Whether the asked places have the computed states one after the other.</summary>
    public bool AreInOrder => Rows.Index().All(row => row.Item == row.Index);
}
