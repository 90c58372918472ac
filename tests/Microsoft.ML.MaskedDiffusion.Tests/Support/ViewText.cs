using System.Globalization;
using System.Reflection;
using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Values of any columns as text, equal only where they are equal to the last digit.</summary>
internal static class ViewText
{
    /// <summary>One text for each row that a pass over the view gives.</summary>
    public static string[] Rows(IDataView view, IEnumerable<DataViewSchema.Column> columns)
    {
        DataViewSchema.Column[] wanted = [.. columns];
        using DataViewRowCursor cursor = view.GetRowCursor(wanted);
        return Rows(cursor, wanted);
    }

    /// <summary>One text for each row that is left in a cursor.</summary>
    public static string[] Rows(DataViewRowCursor cursor, IEnumerable<DataViewSchema.Column> columns)
    {
        Func<string>[] readers = [.. columns.Select(column => Reader(cursor, column))];
        var rows = new List<string>();
        while (cursor.MoveNext())
            rows.Add(string.Join("; ", readers.Select(read => read())));
        return [.. rows];
    }

    /// <summary>A reader of a column's current value.</summary>
    public static Func<string> Reader(DataViewRow row, DataViewSchema.Column column)
    {
        Type raw = column.Type.RawType;
        bool isVector = raw.IsGenericType && raw.GetGenericTypeDefinition() == typeof(VBuffer<>);
        MethodInfo method = typeof(ViewText).GetMethod(isVector ? nameof(Vector) : nameof(Scalar), BindingFlags.NonPublic
            | BindingFlags.Static)!.MakeGenericMethod(isVector ? raw.GetGenericArguments()[0] : raw);
        return (Func<string>)method.Invoke(null, [row, column])!;
    }

    private static Func<string> Scalar<T>(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<T> getter = row.GetGetter<T>(column);
        T value = default!;
        return () =>
        {
            getter(ref value);
            return $"{column.Name} {Text(value)}";
        };
    }

    private static Func<string> Vector<T>(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<VBuffer<T>> getter = row.GetGetter<VBuffer<T>>(column);
        VBuffer<T> value = default;
        return () =>
        {
            getter(ref value);
            return $"{column.Name} [{string.Join(", ", value.DenseValues().Select(Text))}]";
        };
    }

    private static string Text<T>(T value) => value switch
    {
        DateTime date => $"{date.Ticks} {date.Kind}",
        DateTimeOffset date => $"{date.Ticks} {date.Offset}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
