using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>Values of columns that rows are grouped by, as texts: equal texts are equal values.</summary>
internal static class GroupValues
{
    public static bool Fits(DataViewType type) =>
        type is TextDataViewType or DateTimeDataViewType or BooleanDataViewType or NumberDataViewType or KeyDataViewType;

    /// <summary>A reader of the column's current value.</summary>
    public static Func<string> Bind(DataViewRow row, DataViewSchema.Column column) => Type.GetTypeCode(column.Type.RawType) switch
    {
        TypeCode.DateTime => Bind<DateTime>(row, column, Date),
        TypeCode.Boolean => Bind<bool>(row, column, value => value ? "true" : "false"),
        TypeCode.Single => Bind<float>(row, column, Number),
        TypeCode.Double => Bind<double>(row, column, Number),
        TypeCode.SByte => Bind<sbyte>(row, column, Number),
        TypeCode.Byte => Bind<byte>(row, column, Number),
        TypeCode.Int16 => Bind<short>(row, column, Number),
        TypeCode.UInt16 => Bind<ushort>(row, column, Number),
        TypeCode.Int32 => Bind<int>(row, column, Number),
        TypeCode.UInt32 => Bind<uint>(row, column, Number),
        TypeCode.Int64 => Bind<long>(row, column, Number),
        TypeCode.UInt64 => Bind<ulong>(row, column, Number),
        _ => Bind<ReadOnlyMemory<char>>(row, column, value => value.ToString()),
    };

    // As short as the date is exact.
    private static string Date(DateTime value)
    {
        string format = value.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : value.Ticks % TimeSpan.TicksPerSecond == 0 ? "s" : "O";
        return value.ToString(format, CultureInfo.InvariantCulture);
    }

    private static string Number<T>(T value) where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

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
}
