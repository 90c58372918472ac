using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>How the members of a class stand for columns; what its attributes say can be changed here.</summary>
public sealed partial class SchemaDefinition : List<SchemaDefinition.Column>
{
    private SchemaDefinition()
    {
    }

    /// <summary>The column of this name, or null.</summary>
    public Column this[string columnName]
    {
        get => this.FirstOrDefault(column => column.ColumnName == columnName);
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (value.ColumnName != columnName)
                throw new ArgumentOutOfRangeException(nameof(columnName), $"The column name is specified as '{value.ColumnName}' but must match the key '{columnName}'.");
            var index = FindIndex(column => column.ColumnName == columnName);
            if (index >= 0)
                this[index] = value;
            else
                Add(value);
        }
    }

    public static SchemaDefinition Create(Type userType, Direction direction = Direction.Both)
    {
        ArgumentNullException.ThrowIfNull(userType);
        var definition = new SchemaDefinition();
        var names = new HashSet<string>();
        foreach (var member in MembersOf(userType, direction))
        {
            if (member.IsDefined(typeof(NoColumnAttribute)))
                continue;
            var name = member.GetCustomAttribute<ColumnNameAttribute>()?.Name ?? member.Name;
            if (!names.Add(name))
                throw new ArgumentOutOfRangeException(nameof(userType), $"Duplicate column name '{name}' detected, this is disallowed");
            definition.Add(new Column(member.Name, TypedColumn.TypeOf(member), name));
        }
        return definition;
    }

    private static IEnumerable<MemberInfo> MembersOf(Type userType, Direction direction)
    {
        foreach (var field in userType.GetFields(BindingFlags.Public | BindingFlags.Instance))
            yield return field;
        foreach (var property in userType.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var readable = direction.HasFlag(Direction.Read) && property.GetGetMethod() != null;
            var writable = direction.HasFlag(Direction.Write) && property.GetSetMethod() != null;
            if ((readable || writable) && property.GetIndexParameters().Length == 0)
                yield return property;
        }
    }
}
