using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>A member of a class bound to the column it stands for.</summary>
internal sealed record TypedColumn(MemberInfo Member, string Name, DataViewType Type, DataViewSchema.Annotations Annotations)
{
    internal Type MemberType => TypeOfMember(Member);

    /// <summary>The columns of a class, as its definition (or, without one, its attributes) says.</summary>
    internal static TypedColumn[] Of(Type userType, SchemaDefinition definition, SchemaDefinition.Direction direction)
    {
        definition ??= SchemaDefinition.Create(userType, direction);
        var columns = new TypedColumn[definition.Count];
        var names = new HashSet<string>();
        for (var i = 0; i < columns.Length; i++)
        {
            var column = definition[i];
            if (column.MemberName == null)
                throw new ArgumentOutOfRangeException(nameof(definition), "Null field name detected in schema definition");
            var member = (MemberInfo)userType.GetField(column.MemberName) ?? userType.GetProperty(column.MemberName)
                ?? throw new ArgumentOutOfRangeException(nameof(definition), $"No field or property with name '{column.MemberName}' found in type '{userType.FullName}'.");
            var name = string.IsNullOrEmpty(column.ColumnName) ? member.Name : column.ColumnName;
            if (!names.Add(name))
                throw new ArgumentOutOfRangeException(nameof(definition), $"Duplicate column name '{name}' detected in schema definition");
            var type = column.ColumnType ?? TypeOf(member);
            if (!Holds(TypeOfMember(member), type))
                throw new ArgumentOutOfRangeException(nameof(definition), $"Column '{name}' is of type {type}, which the member '{member.Name}' of type {TypeOfMember(member)} cannot hold.");
            columns[i] = new TypedColumn(member, name, type, column.Annotations);
        }
        return columns;
    }

    /// <summary>The schema these columns make.</summary>
    internal static DataViewSchema SchemaOf(IEnumerable<TypedColumn> columns)
    {
        var builder = new DataViewSchema.Builder();
        foreach (var column in columns)
            builder.AddColumn(column.Name, column.Type, column.Annotations);
        return builder.ToSchema();
    }

    /// <summary>The column type a member's own type and attributes ask for.</summary>
    internal static DataViewType TypeOf(MemberInfo member)
    {
        var isVector = SplitVector(TypeOfMember(member), out var itemType);
        var primitive = DataViewTypes.PrimitiveOrNull(itemType)
            ?? throw new ArgumentOutOfRangeException(nameof(member), $"Could not determine an IDataView type and registered custom types for member {member.Name}");
        if (member.GetCustomAttribute<KeyTypeAttribute>() is { } key)
        {
            if (!KeyDataViewType.IsValidDataType(itemType))
                throw new ArgumentOutOfRangeException(nameof(member), $"Member {member.Name} marked with KeyType attribute, but does not appear to be a valid kind of data for a key type");
            primitive = KeyCount.TypeOf(itemType, key.KeyCount);
        }
        var vector = member.GetCustomAttribute<VectorTypeAttribute>();
        if (vector != null && !isVector)
            throw new ArgumentOutOfRangeException(nameof(member), $"Member {member.Name} marked with VectorType attribute, but does not appear to be a vector type");
        return !isVector ? primitive : vector?.Dimensions is { Length: > 0 } dimensions ? new VectorDataViewType(primitive, dimensions) : new VectorDataViewType(primitive);
    }

    /// <summary>Whether a member of this .NET type can carry the column's values both ways.</summary>
    internal static bool Holds(Type memberType, DataViewType columnType)
    {
        var isVector = SplitVector(memberType, out var itemType);
        var rawType = itemType == typeof(string) ? typeof(ReadOnlyMemory<char>) : itemType;
        return isVector == columnType is VectorDataViewType && DataViewTypes.ItemType(columnType).RawType == rawType;
    }

    private static Type TypeOfMember(MemberInfo member) => member is FieldInfo field ? field.FieldType : ((PropertyInfo)member).PropertyType;

    private static bool SplitVector(Type type, out Type itemType)
    {
        var isVector = type.IsSZArray || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(VBuffer<>));
        itemType = !isVector ? type : type.IsArray ? type.GetElementType() : type.GetGenericArguments()[0];
        return isVector;
    }
}
