namespace Microsoft.ML;

public sealed partial class DataViewSchema
{
    /// <summary>A column at its place in a schema.</summary>
    public readonly struct Column
    {
        internal Column(string name, int index, bool isHidden, DataViewType type, Annotations annotations)
        {
            Name = name;
            Index = index;
            IsHidden = isHidden;
            Type = type;
            Annotations = annotations ?? Annotations.Empty;
        }

        public string Name { get; }

        public int Index { get; }

        /// <summary>Whether a later column carries the same name: then only the index finds this one.</summary>
        public bool IsHidden { get; }

        public DataViewType Type { get; }

        public Annotations Annotations { get; }

        public override string ToString() => Name + ": " + Type + (Annotations.Schema.Count > 0 ? " {" + Annotations + "}" : "");
    }
}
