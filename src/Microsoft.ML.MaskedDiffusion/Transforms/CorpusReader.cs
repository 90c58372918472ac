using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Evaluation;

namespace Microsoft.ML.MaskedDiffusion.Transforms;

/// <summary>Streams a text column, and a column to group by, as documents.</summary>
internal static class CorpusReader
{
    /// <summary>The documents of one pass over the data; the columns are checked at once.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type than expected.</exception>
    public static IEnumerable<PerplexityDocument> Read(IDataView data, string text, string? group, CancellationToken cancellationToken)
    {
        InputColumn input = InputColumn.Text("text", text);
        List<DataViewSchema.Column> columns = [input.Find(data.Schema, nameof(data))];
        if (group is not null)
            columns.Add(FindGroup(data.Schema, group));
        return Rows(data, input, columns, cancellationToken);
    }

    private static IEnumerable<PerplexityDocument> Rows(IDataView data, InputColumn input, List<DataViewSchema.Column> columns, CancellationToken cancellationToken)
    {
        using DataViewRowCursor cursor = data.GetRowCursor(columns);
        Func<string> text = input.BindText(cursor);
        Func<string?> group = columns.Count > 1 ? BindGroup(cursor, columns[1]) : () => null;
        while (cursor.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new PerplexityDocument(text(), group());
        }
    }

    private static DataViewSchema.Column FindGroup(DataViewSchema schema, string name)
    {
        if (schema.GetColumnOrNull(name) is not { } column)
            throw new ArgumentOutOfRangeException("data", $"Schema mismatch for group column '{name}': there is no such column. The columns are: {string.Join(", ", schema.Where(c => !c.IsHidden).Select(c => c.Name))}.");
        if (column.Type is not (TextDataViewType or DateTimeDataViewType or BooleanDataViewType or NumberDataViewType))
            throw new ArgumentOutOfRangeException("data", $"Schema mismatch for group column '{name}': expected String, DateTime, Boolean or a number, got {column.Type}. Convert it first; a key with MapKeyToValue.");
        return column;
    }

    private static Func<string?> BindGroup(DataViewRow row, DataViewSchema.Column column) => Type.GetTypeCode(column.Type.RawType) switch
    {
        TypeCode.DateTime => Bind<DateTime>(row, column, value => value.ToString(value.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "s", CultureInfo.InvariantCulture)),
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

    private static string Number<T>(T value) where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

    private static Func<string?> Bind<T>(DataViewRow row, DataViewSchema.Column column, Func<T, string> name)
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
