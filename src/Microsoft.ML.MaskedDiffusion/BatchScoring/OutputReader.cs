using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring;

/// <summary>
/// Reads the values of a transformer's column in the one form of all formats. Keys are the texts or numbers that they stand for.
/// </summary>
internal abstract class OutputReader
{
    // The annotation that ML.NET keeps them in.
    private const string KeyValues = "KeyValues";

    /// <summary>The type of the values, or of a list's items, in a file with types.</summary>
    public abstract Type StoredType { get; }

    /// <summary>The reader for a column.</summary>
    /// <exception cref="ArgumentException">The column holds what no file has a place for.</exception>
    public static OutputReader Of(DataViewSchema.Column column)
    {
        DataViewType item = column.Type is VectorDataViewType vector ? vector.ItemType : column.Type;
        if (item is KeyDataViewType)
            return OfKeys(column, item);
        if (item is TextDataViewType)
            return new Reader<ReadOnlyMemory<char>>(typeof(string), text => FieldValue.OfText(text.ToString()));
        if (item is BooleanDataViewType)
            return new Reader<bool>(typeof(bool), FieldValue.OfBoolean);
        if (item is DateTimeDataViewType)
            return new Reader<DateTime>(typeof(DateTime), date => FieldValue.OfText(date.ToString("O", CultureInfo.InvariantCulture)));
        OutputReader? numbers = item is NumberDataViewType ? NumberTypes.Visit(item.RawType, new NumberReader()) : null;
        return numbers ?? throw new ArgumentException(
            $"The transformer's column '{column.Name}' is of type {column.Type}, for which files of rows have no place. "
            + "Name the other columns in option OutputColumns.", nameof(BatchScoringOptions.OutputColumns));
    }

    /// <summary>Reads the column's values from a row.</summary>
    public abstract Func<FieldValue> Bind(DataViewRow row, DataViewSchema.Column column);

    private static FieldValue OfNumber<T>(T number)
        where T : struct, IFormattable => FieldValue.OfNumber(number.ToString(null, CultureInfo.InvariantCulture));

    // The number of a key begins with 1; 0 is a missing one.
    private static OutputReader OfKeys(DataViewSchema.Column column, DataViewType key)
    {
        (FieldValue[]? values, Type stored) = KeyValuesOf(column);
        FieldValue Value(ulong number) => number == 0 ? FieldValue.Missing
            : values is not null ? values[number - 1]
            : FieldValue.OfNumber(number.ToString(CultureInfo.InvariantCulture));
        return Type.GetTypeCode(key.RawType) switch
        {
            TypeCode.Byte => new Reader<byte>(stored, number => Value(number)),
            TypeCode.UInt16 => new Reader<ushort>(stored, number => Value(number)),
            TypeCode.UInt64 => new Reader<ulong>(stored, Value),
            _ => new Reader<uint>(stored, number => Value(number)),
        };
    }

    // What the keys stand for, and its type in a file with types; without annotations they are numbers.
    private static (FieldValue[]? Values, Type Stored) KeyValuesOf(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(KeyValues)?.Type is not VectorDataViewType { ItemType: { } item })
            return (null, typeof(long));
        if (item is TextDataViewType)
            return (KeyValuesOf<ReadOnlyMemory<char>>(column, text => FieldValue.OfText(text.ToString())), typeof(string));
        FieldValue[]? numbers = item is NumberDataViewType ? NumberTypes.Visit(item.RawType, new NumberKeys(column)) : null;
        return (numbers, numbers is null ? typeof(long) : item.RawType);
    }

    private static FieldValue[] KeyValuesOf<T>(DataViewSchema.Column column, Func<T, FieldValue> convert)
    {
        VBuffer<T> values = default;
        column.Annotations.GetValue(KeyValues, ref values);
        return [.. values.DenseValues().Select(convert)];
    }

    private sealed class NumberReader : INumberVisitor<OutputReader>
    {
        public OutputReader Visit<T>(NumberDataViewType type)
            where T : struct, IParsable<T>, IFormattable => new Reader<T>(typeof(T), OfNumber);
    }

    private sealed class NumberKeys(DataViewSchema.Column column) : INumberVisitor<FieldValue[]>
    {
        public FieldValue[] Visit<T>(NumberDataViewType type)
            where T : struct, IParsable<T>, IFormattable => KeyValuesOf<T>(column, OfNumber);
    }

    private sealed class Reader<T>(Type storedType, Func<T, FieldValue> convert) : OutputReader
    {
        public override Type StoredType => storedType;

        public override Func<FieldValue> Bind(DataViewRow row, DataViewSchema.Column column)
        {
            if (column.Type is not VectorDataViewType)
            {
                ValueGetter<T> getter = row.GetGetter<T>(column);
                T value = default!;
                return () =>
                {
                    getter(ref value);
                    return convert(value);
                };
            }
            ValueGetter<VBuffer<T>> listGetter = row.GetGetter<VBuffer<T>>(column);
            VBuffer<T> list = default;
            return () =>
            {
                listGetter(ref list);
                return FieldValue.OfList([.. list.DenseValues().Select(convert)]);
            };
        }
    }
}
