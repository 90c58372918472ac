namespace Microsoft.ML;

public sealed partial class DataViewSchema
{
    /// <summary>A column's notes: slot names, key values and the like, read through getters.</summary>
    public sealed partial class Annotations
    {
        private readonly Delegate[] _getters;

        private Annotations(DataViewSchema schema, Delegate[] getters)
        {
            Schema = schema;
            _getters = getters;
        }

        public static Annotations Empty { get; } = new(new DataViewSchema([]), []);

        public DataViewSchema Schema { get; }

        public ValueGetter<TValue> GetGetter<TValue>(Column column)
        {
            if (column.Index >= _getters.Length)
                throw new ArgumentException("The column does not belong to these annotations.", nameof(column));
            if (_getters[column.Index] is ValueGetter<TValue> getter)
                return getter;
            throw new InvalidOperationException($"Invalid call to '{nameof(GetGetter)}': annotation '{column.Name}' holds {column.Type.RawType}, not {typeof(TValue)}.");
        }

        public void GetValue<TValue>(string kind, ref TValue value)
        {
            var column = Schema.GetColumnOrNull(kind) ?? throw new InvalidOperationException($"Invalid call to '{nameof(GetValue)}': there is no annotation '{kind}'.");
            GetGetter<TValue>(column)(ref value);
        }

        public override string ToString() => string.Join(", ", Schema.Select(c => c.Name));

        internal Delegate GetGetter(int index) => _getters[index];
    }
}
