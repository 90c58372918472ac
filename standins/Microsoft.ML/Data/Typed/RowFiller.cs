using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>Which columns of a schema go into which members of a class; <see cref="Bind"/> makes the copying for one row or cursor.</summary>
internal sealed class RowFiller<TRow>
    where TRow : class
{
    private readonly (TypedColumn Member, int Column)[] _bound;
    private readonly DataViewSchema _schema;

    /// <summary>With <paramref name="ignoreMissingColumns"/> members without a column are left alone, otherwise they are an error.</summary>
    internal RowFiller(DataViewSchema schema, bool ignoreMissingColumns, SchemaDefinition definition = null)
    {
        _schema = schema;
        var bound = new List<(TypedColumn, int)>();
        foreach (var member in TypedColumn.Of(typeof(TRow), definition, SchemaDefinition.Direction.Write))
        {
            if (schema.GetColumnOrNull(member.Name) is not { } column)
            {
                if (ignoreMissingColumns)
                    continue;
                throw SchemaErrors.Missing("Schema", "", member.Name);
            }
            if (!TypedColumn.Holds(member.MemberType, column.Type))
                throw new InvalidOperationException($"Can't bind the IDataView column '{column.Name}' of type '{column.Type}' to field or property '{member.Member.Name}' of type '{member.MemberType.FullName}'.");
            bound.Add((member, column.Index));
        }
        _bound = [.. bound];
    }

    /// <summary>The columns that are read.</summary>
    internal IEnumerable<DataViewSchema.Column> Dependencies => _bound.Select(b => _schema[b.Column]);

    /// <summary>Copies the row's present values into an object. With <paramref name="reuse"/> arrays set by an earlier call are written again.</summary>
    internal Action<TRow> Bind(DataViewRow row, bool reuse = false)
    {
        var setters = Array.ConvertAll(_bound, b => Setter(row, row.Schema[b.Column], b.Member, reuse));
        return target =>
        {
            foreach (var set in setters)
                set(target);
        };
    }

    private static Action<TRow> Setter(DataViewRow row, DataViewSchema.Column column, TypedColumn member, bool reuse)
    {
        var memberType = member.MemberType;
        if (memberType == typeof(string))
            return ToText(row, column, member.Member);
        if (memberType == typeof(string[]))
            return ToTextArray(row, column, member.Member);
        var (method, argument) = memberType.IsArray ? (nameof(ToArray), memberType.GetElementType())
            : column.Type is VectorDataViewType ? (nameof(ToVector), memberType.GetGenericArguments()[0])
            : (nameof(ToValue), memberType);
        return (Action<TRow>)typeof(RowFiller<TRow>).GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)
            .MakeGenericMethod(argument).Invoke(null, BindingFlags.DoNotWrapExceptions, null, [row, column, member.Member, reuse], null);
    }

    private static Action<TRow> ToText(DataViewRow row, DataViewSchema.Column column, MemberInfo member)
    {
        var read = row.GetGetter<ReadOnlyMemory<char>>(column);
        var write = MemberAccess.Setter<TRow, string>(member);
        ReadOnlyMemory<char> value = default;
        return target =>
        {
            read(ref value);
            write(target, value.ToString());
        };
    }

    private static Action<TRow> ToTextArray(DataViewRow row, DataViewSchema.Column column, MemberInfo member)
    {
        var read = row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
        var write = MemberAccess.Setter<TRow, string[]>(member);
        VBuffer<ReadOnlyMemory<char>> value = default;
        return target =>
        {
            read(ref value);
            var texts = new string[value.Length];
            Array.Fill(texts, "");
            foreach (var (index, text) in value.Items())
                texts[index] = text.ToString();
            write(target, texts);
        };
    }

    private static Action<TRow> ToValue<T>(DataViewRow row, DataViewSchema.Column column, MemberInfo member, bool reuse)
    {
        var read = row.GetGetter<T>(column);
        var write = MemberAccess.Setter<TRow, T>(member);
        T value = default;
        return target =>
        {
            read(ref value);
            write(target, value);
        };
    }

    private static Action<TRow> ToArray<T>(DataViewRow row, DataViewSchema.Column column, MemberInfo member, bool reuse)
    {
        var read = row.GetGetter<VBuffer<T>>(column);
        var write = MemberAccess.Setter<TRow, T[]>(member);
        VBuffer<T> value = default;
        T[] own = null;
        return target =>
        {
            read(ref value);
            if (!reuse || own?.Length != value.Length)
                own = new T[value.Length];
            value.CopyTo(own);
            write(target, own);
        };
    }

    private static Action<TRow> ToVector<T>(DataViewRow row, DataViewSchema.Column column, MemberInfo member, bool reuse)
    {
        var read = row.GetGetter<VBuffer<T>>(column);
        var write = MemberAccess.Setter<TRow, VBuffer<T>>(member);
        VBuffer<T> value = default;
        return target =>
        {
            if (!reuse)
                value = default;
            read(ref value);
            write(target, value);
        };
    }
}
