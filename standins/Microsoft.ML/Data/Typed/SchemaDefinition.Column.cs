namespace Microsoft.ML.Data;

public sealed partial class SchemaDefinition
{
    /// <summary>One member, the column it stands for, that column's type and annotations.</summary>
    public sealed class Column
    {
        private readonly List<(string Kind, DataViewType Type, Delegate Getter)> _annotations = [];

        internal Column(string memberName, DataViewType columnType, string columnName)
        {
            MemberName = memberName;
            ColumnType = columnType;
            ColumnName = columnName;
        }

        public string MemberName { get; }

        public string ColumnName { get; set; }

        public DataViewType ColumnType { get; set; }

        public DataViewSchema.Annotations Annotations
        {
            get
            {
                var builder = new DataViewSchema.Annotations.Builder();
                foreach (var (kind, type, getter) in _annotations)
                    builder.Add(kind, type, getter);
                return builder.ToAnnotations();
            }
        }

        /// <summary>Adds a note; a string stands for text, an array for a vector.</summary>
        public void AddAnnotation<T>(string kind, T value, DataViewType annotationType)
        {
            ArgumentException.ThrowIfNullOrEmpty(kind);
            ArgumentNullException.ThrowIfNull(annotationType);
            if (_annotations.Any(annotation => annotation.Kind == kind))
                throw new InvalidOperationException("Column already contains an annotation of this kind.");
            _annotations.Add((kind, annotationType, ObjectGetters.Constant(value, annotationType)));
        }

        internal void AddAnnotations(DataViewSchema.Annotations annotations)
        {
            foreach (var column in annotations.Schema)
                _annotations.Add((column.Name, column.Type, annotations.GetGetter(column.Index)));
        }
    }
}
