namespace Microsoft.ML.Data;

/// <summary>Where in a <see cref="ColumnBuffer"/> the getters read; negative before the first row and after the last.</summary>
internal sealed class RowPointer
{
    internal int Slot = -1;

    internal int Checked() => Slot >= 0 ? Slot : throw new InvalidOperationException("Cannot call value getter in current state");
}
