using System.Numerics;
using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>Makes value getters over the members of an object.</summary>
internal static class ObjectGetters
{
    /// <summary>A getter of the column's raw type that reads the holder's object.</summary>
    internal static Delegate Create<TRow>(RowHolder<TRow> holder, TypedColumn column)
        where TRow : class
    {
        if (!(column.Member is PropertyInfo property ? property.GetGetMethod() != null : true))
            throw new InvalidOperationException($"The property '{column.Member.Name}' cannot be read.");
        var memberType = column.MemberType;
        if (memberType == typeof(string))
            return OfText(holder, MemberAccess.Getter<TRow, string>(column.Member));
        if (memberType == typeof(string[]))
            return OfTextVector(holder, MemberAccess.Getter<TRow, string[]>(column.Member));
        var (method, argument) = memberType.IsArray ? (nameof(OfArray), memberType.GetElementType())
            : column.Type is VectorDataViewType ? (nameof(OfVector), memberType.GetGenericArguments()[0])
            : column.Type is KeyDataViewType ? (nameof(OfKey), memberType)
            : (nameof(OfValue), memberType);
        return (Delegate)typeof(ObjectGetters).GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)
            .MakeGenericMethod(typeof(TRow), argument).Invoke(null, [holder, column]);
    }

    /// <summary>A getter of <paramref name="type"/>'s raw type that always gives this value; a string stands for text, an array for a vector.</summary>
    internal static Delegate Constant<T>(T value, DataViewType type)
    {
        if (!TypedColumn.Holds(typeof(T), type))
            throw new ArgumentException($"A value of type {typeof(T)} cannot be held as {type}.", nameof(type));
        var box = new RowHolder<StrongBox<T>> { Row = new StrongBox<T>(value) };
        return Create(box, new TypedColumn(typeof(StrongBox<T>).GetField(nameof(StrongBox<T>.Value)), "Value", type is KeyDataViewType ? DataViewTypes.PrimitiveOf(type.RawType) : type, null));
    }

    private static ValueGetter<ReadOnlyMemory<char>> OfText<TRow>(RowHolder<TRow> holder, Func<TRow, string> read)
        where TRow : class => (ref ReadOnlyMemory<char> value) => value = read(holder.Current()).AsMemory();

    private static ValueGetter<VBuffer<ReadOnlyMemory<char>>> OfTextVector<TRow>(RowHolder<TRow> holder, Func<TRow, string[]> read)
        where TRow : class => (ref VBuffer<ReadOnlyMemory<char>> value) =>
        {
            var source = read(holder.Current()).AsSpan();
            var editor = VBufferEditor.Create(ref value, source.Length);
            for (var i = 0; i < source.Length; i++)
                editor.Values[i] = source[i].AsMemory();
            value = editor.Commit();
        };

    private static ValueGetter<T> OfValue<TRow, T>(RowHolder<TRow> holder, TypedColumn column)
        where TRow : class
    {
        var read = MemberAccess.Getter<TRow, T>(column.Member);
        return (ref T value) => value = read(holder.Current());
    }

    private static ValueGetter<T> OfKey<TRow, T>(RowHolder<TRow> holder, TypedColumn column)
        where TRow : class
        where T : struct, IBinaryInteger<T>
    {
        var read = MemberAccess.Getter<TRow, T>(column.Member);
        var count = ((KeyDataViewType)column.Type).Count;
        // Members count categories from 0; in a data view 0 is missing and categories count from 1.
        return (ref T value) =>
        {
            var member = read(holder.Current());
            value = ulong.CreateTruncating(member) < count ? member + T.One : T.Zero;
        };
    }

    private static ValueGetter<VBuffer<T>> OfArray<TRow, T>(RowHolder<TRow> holder, TypedColumn column)
        where TRow : class
    {
        var read = MemberAccess.Getter<TRow, T[]>(column.Member);
        return (ref VBuffer<T> value) =>
        {
            var source = read(holder.Current());
            VBuffer<T>.Copy(source ?? [], 0, ref value, source?.Length ?? 0);
        };
    }

    private static ValueGetter<VBuffer<T>> OfVector<TRow, T>(RowHolder<TRow> holder, TypedColumn column)
        where TRow : class
    {
        var read = MemberAccess.Getter<TRow, VBuffer<T>>(column.Member);
        return (ref VBuffer<T> value) => read(holder.Current()).CopyTo(ref value);
    }

    private sealed class StrongBox<T>(T value)
    {
        public readonly T Value = value;
    }
}
