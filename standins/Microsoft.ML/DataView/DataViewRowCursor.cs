namespace Microsoft.ML;

/// <summary>A row that moves: before the first row at the start, and past the last once <see cref="MoveNext"/> returns false.</summary>
public abstract class DataViewRowCursor : DataViewRow
{
    public abstract bool MoveNext();
}
