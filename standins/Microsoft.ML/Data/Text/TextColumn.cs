namespace Microsoft.ML.Data;

/// <summary>A column of a text loader with its type and its places in the file made out.</summary>
internal sealed record TextColumn(string Name, DataViewType Type, DataKind Kind, (int Min, int? Length)[] Segments)
{
    /// <summary>The number of file columns that have to be split off to fill this one.</summary>
    internal int Needed => Segments.Any(s => s.Length == null) ? int.MaxValue : Segments.Max(s => s.Min + s.Length.Value);

    internal static TextColumn Create(TextLoader.Column column, Lazy<int> width)
    {
        if (string.IsNullOrEmpty(column.Name) || column.Source is not { Length: > 0 })
            throw new ArgumentException("A column needs a name and a source.", nameof(column));
        var segments = Array.ConvertAll(column.Source, range => SegmentOf(range, width));
        if (segments.Count(s => s.Length == null) > 1)
            throw new ArgumentException($"Column '{column.Name}' has more than one range with a variable end.", nameof(column));
        var item = DataViewTypes.PrimitiveOf(column.DataKind);
        if (column.KeyCount != null)
        {
            if (!KeyDataViewType.IsValidDataType(item.RawType))
                throw new ArgumentException($"Column '{column.Name}' is of kind {column.DataKind}, which cannot hold keys.", nameof(column));
            item = KeyCount.TypeOf(item.RawType, column.KeyCount);
        }
        var size = segments.Aggregate((int?)0, (sum, s) => sum + s.Length);
        DataViewType type = size == 1 && !column.Source[0].ForceVector ? item : new VectorDataViewType(item, size ?? 0);
        return new TextColumn(column.Name, type, column.DataKind, segments);
    }

    private static (int Min, int? Length) SegmentOf(TextLoader.Range range, Lazy<int> width)
    {
        if (range.VariableEnd)
            return (range.Min, null);
        var max = range.Max ?? (range.AutoEnd ? width.Value - 1 : range.Min);
        if (max < range.Min)
            throw new ArgumentException($"The file's lines end before column {range.Min}.", nameof(range));
        return (range.Min, max - range.Min + 1);
    }
}
