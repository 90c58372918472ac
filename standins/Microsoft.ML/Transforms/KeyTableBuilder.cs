using System.Globalization;

namespace Microsoft.ML.Transforms;

/// <summary>Numbers the values of a column: the table of a value-to-key mapping.</summary>
internal static class KeyTableBuilder
{
    public static ValueTable Build(IDataView data, DataViewSchema.Column column, int maximum, ValueToKeyMappingEstimator.KeyOrdinality order, bool asText) =>
        (ValueTable)Generic.Call(typeof(KeyTableBuilder), nameof(BuildTyped), Generic.ItemRawType(column.Type), data, column, maximum, order, asText);

    private static ValueTable BuildTyped<T>(IDataView data, DataViewSchema.Column column, int maximum, ValueToKeyMappingEstimator.KeyOrdinality order, bool asText)
    {
        var seen = new HashSet<T>(ValueEquality.Of<T>());
        var values = new List<T>();
        using (var cursor = data.GetRowCursor([column]))
        {
            var read = Reader<T>(cursor, column);
            while (cursor.MoveNext())
            {
                foreach (var value in read())
                    if (values.Count < maximum && !IsMissing(value) && seen.Add(value)) values.Add(value);
            }
        }
        if (order == ValueToKeyMappingEstimator.KeyOrdinality.ByValue) values.Sort(Compare);
        var terms = values.ToArray();
        var itemType = (PrimitiveDataViewType)DataViewTypes.ItemType(column.Type);
        var names = asText && itemType is not TextDataViewType
            ? KeyValues.Annotate(TextDataViewType.Instance, Array.ConvertAll(terms, t => Convert.ToString(t, CultureInfo.InvariantCulture).AsMemory()))
            : KeyValues.Annotate(itemType, terms);
        var numbers = Enumerable.Range(1, terms.Length).Select(i => (uint)i).ToArray();
        return new ValueTable<T, uint>(itemType, new KeyDataViewType(typeof(uint), Math.Max(1, terms.Length)), names, terms, numbers);
    }

    private static Func<IEnumerable<T>> Reader<T>(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is VectorDataViewType)
        {
            var getVector = row.GetGetter<VBuffer<T>>(column);
            VBuffer<T> vector = default;
            return () =>
            {
                getVector(ref vector);
                return vector.DenseValues();
            };
        }
        var getter = row.GetGetter<T>(column);
        T value = default;
        return () =>
        {
            getter(ref value);
            return [value];
        };
    }

    private static bool IsMissing<T>(T value) => value switch
    {
        ReadOnlyMemory<char> text => text.IsEmpty,
        float number => float.IsNaN(number),
        double number => double.IsNaN(number),
        _ => false,
    };

    private static int Compare<T>(T x, T y) => x is ReadOnlyMemory<char> a && y is ReadOnlyMemory<char> b
        ? a.Span.SequenceCompareTo(b.Span)
        : Comparer<T>.Default.Compare(x, y);
}
