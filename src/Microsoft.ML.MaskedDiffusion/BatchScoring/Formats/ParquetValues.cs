using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>The values of a column in a row group, one row after another.</summary>
internal abstract class ParquetValues : IDisposable
{
    /// <summary>The column itself, or the items of a list; null where it is something else.</summary>
    public static DataField? LeafOf(Field field) => field switch
    {
        DataField data => data,
        ListField { Item: DataField item } => item,
        _ => null,
    };

    /// <summary>What a data view takes values of a type for; null where it is not supported.</summary>
    public static PrimitiveDataViewType? TypeOf(Type type)
    {
        if (type == typeof(ReadOnlyMemory<char>))
            return TextDataViewType.Instance;
        if (type == typeof(bool))
            return BooleanDataViewType.Instance;
        if (type == typeof(DateTime))
            return DateTimeDataViewType.Instance;
        if (type == typeof(decimal))
            return NumberDataViewType.Double;
        return NumberTypes.Of(type);
    }

    /// <summary>Reads a column of a row group.</summary>
    public static async Task<ParquetValues> ReadAsync(ParquetRowGroupReader group, DataField leaf)
    {
        RawColumnData data = await group.ReadRawColumnDataBaseAsync(leaf).ConfigureAwait(false);
        return data switch
        {
            RawColumnData<ReadOnlyMemory<char>> texts =>
                new Values<ReadOnlyMemory<char>>(texts, leaf, text => FieldValue.OfText(text.ToString())),
            RawColumnData<bool> flags => new Values<bool>(flags, leaf, FieldValue.OfBoolean),
            RawColumnData<DateTime> dates =>
                new Values<DateTime>(dates, leaf, date => FieldValue.OfText(date.ToString("O", CultureInfo.InvariantCulture))),
            RawColumnData<decimal> numbers => Numbers(numbers, leaf),
            _ => NumberTypes.Visit(leaf.ClrType, new NumberColumn(data, leaf))
                ?? throw new InvalidDataException($"its values are {leaf.ClrType}"),
        };
    }

    /// <summary>The value of the next row.</summary>
    public abstract FieldValue Next();

    public abstract void Dispose();

    private static Values<T> Numbers<T>(RawColumnData<T> numbers, DataField leaf)
        where T : struct, IFormattable =>
        new(numbers, leaf, number => FieldValue.OfNumber(number.ToString(null, CultureInfo.InvariantCulture)));

    private sealed class NumberColumn(RawColumnData data, DataField leaf) : INumberVisitor<ParquetValues>
    {
        public ParquetValues Visit<T>(NumberDataViewType type)
            where T : struct, IParsable<T>, IFormattable => Numbers((RawColumnData<T>)data, leaf);
    }

    // Definition levels say what is there: the highest is a value; of a list the next below it, if items may be missing, is such an item,
    // and the next below that an empty list. Repetition level 0 begins a row.
    private sealed class Values<T>(RawColumnData<T> data, DataField leaf, Func<T, FieldValue> convert) : ParquetValues
        where T : struct
    {
        private readonly int _full = leaf.MaxDefinitionLevel;
        private int _entry, _value;

        public override FieldValue Next()
        {
            if (leaf.MaxRepetitionLevel == 0)
                return Level() == _full ? Value() : FieldValue.Missing;
            int missingItem = leaf.IsNullable ? _full - 1 : -1;
            int first = Level();
            if (first != _full && first != missingItem)
            {
                int emptyList = (leaf.IsNullable ? missingItem : _full) - 1;
                return first == emptyList ? FieldValue.OfList([]) : FieldValue.Missing;
            }
            List<FieldValue> items = [first == _full ? Value() : FieldValue.Missing];
            while (_entry < data.RepetitionLevels.Length && data.RepetitionLevels[_entry] > 0)
                items.Add(Level() == _full ? Value() : FieldValue.Missing);
            return FieldValue.OfList(items);
        }

        public override void Dispose() => data.Dispose();

        // The definition level of the next entry.
        private int Level() => _full == 0 ? 0 : data.DefinitionLevels[_entry++];

        private FieldValue Value() => convert(data.Values[_value++]);
    }
}
