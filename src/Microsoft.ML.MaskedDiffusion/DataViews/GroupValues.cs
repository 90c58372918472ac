using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>Values of columns that rows are grouped by, as texts: equal texts are equal values.</summary>
internal static class GroupValues
{
    public static bool Fits(DataViewType type) =>
        type is TextDataViewType or DateTimeDataViewType or BooleanDataViewType or NumberDataViewType or KeyDataViewType;

    /// <summary>A reader of the column's current value.</summary>
    public static Func<string> Bind(DataViewRow row, DataViewSchema.Column column)
    {
        Type type = column.Type.RawType;
        if (type == typeof(DateTime))
            return Bind<DateTime>(row, column, Date);
        if (type == typeof(bool))
            return Bind<bool>(row, column, value => value ? "true" : "false");
        return NumberTypes.Visit(type, new NumberGroups(row, column))
            ?? Bind<ReadOnlyMemory<char>>(row, column, value => value.ToString());
    }

    // As short as the date is exact.
    private static string Date(DateTime value)
    {
        string format = value.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : value.Ticks % TimeSpan.TicksPerSecond == 0 ? "s" : "O";
        return value.ToString(format, CultureInfo.InvariantCulture);
    }

    private static Func<string> Bind<T>(DataViewRow row, DataViewSchema.Column column, Func<T, string> name)
    {
        ValueGetter<T> getter = row.GetGetter<T>(column);
        T value = default!;
        return () =>
        {
            getter(ref value);
            return name(value);
        };
    }

    private sealed class NumberGroups(DataViewRow row, DataViewSchema.Column column) : INumberVisitor<Func<string>>
    {
        public Func<string> Visit<T>(NumberDataViewType type)
            where T : struct, IParsable<T>, IFormattable =>
            Bind<T>(row, column, value => value.ToString(null, CultureInfo.InvariantCulture));
    }
}
