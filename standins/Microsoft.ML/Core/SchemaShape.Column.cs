namespace Microsoft.ML;

public sealed partial class SchemaShape
{
    public readonly struct Column
    {
        public readonly string Name;

        public readonly VectorKind Kind;

        /// <summary>The type of the value or of a vector's items; a key shows as its number type, with <see cref="IsKey"/>.</summary>
        public readonly DataViewType ItemType;

        public readonly bool IsKey;

        public readonly SchemaShape Annotations;

        internal Column(string name, VectorKind vecKind, DataViewType itemType, bool isKey, SchemaShape annotations = null)
        {
            ArgumentException.ThrowIfNullOrEmpty(name);
            ArgumentNullException.ThrowIfNull(itemType);
            if (itemType is KeyDataViewType or VectorDataViewType)
                throw new ArgumentException("Item type cannot be a key or a vector.", nameof(itemType));
            if (isKey && !KeyDataViewType.IsValidDataType(itemType.RawType))
                throw new ArgumentException($"{itemType} cannot hold keys.", nameof(itemType));
            Name = name;
            Kind = vecKind;
            ItemType = itemType;
            IsKey = isKey;
            Annotations = annotations ?? Empty;
        }

        public enum VectorKind
        {
            Scalar,
            Vector,
            VariableVector,
        }

        internal bool IsValid => Name != null;

        /// <summary>The column of this name whose values have this type.</summary>
        internal static Column Of(string name, DataViewType type, SchemaShape annotations = null)
        {
            var vector = type as VectorDataViewType;
            var item = vector?.ItemType ?? type;
            var kind = vector == null ? VectorKind.Scalar : vector.IsKnownSize ? VectorKind.Vector : VectorKind.VariableVector;
            return item is KeyDataViewType
                ? new Column(name, kind, DataViewTypes.PrimitiveOf(item.RawType), true, annotations)
                : new Column(name, kind, item, false, annotations);
        }

        /// <summary>Whether a column like <paramref name="source"/> can stand where one like this is asked for.</summary>
        internal bool IsCompatibleWith(Column source)
        {
            if (Name != source.Name || Kind != source.Kind || !ItemType.Equals(source.ItemType) || IsKey != source.IsKey)
                return false;
            foreach (var wanted in Annotations)
            {
                if (!source.Annotations.TryFindColumn(wanted.Name, out var found) || !wanted.IsCompatibleWith(found))
                    return false;
            }
            return true;
        }

        internal string GetTypeString()
        {
            var item = IsKey ? $"Key<{ItemType.RawType.Name}>" : ItemType.ToString();
            return Kind switch
            {
                VectorKind.Vector => $"Vector<{item}>",
                VectorKind.VariableVector => $"VarVector<{item}>",
                _ => item,
            };
        }
    }
}
