using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Parquet;
using Parquet.Schema;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>A column of a Parquet file that is written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Field">The column as the schema has it.</param>
internal sealed record ParquetColumn(string Name, Field Field)
{
    private DataField Leaf => ParquetValues.LeafOf(Field)!;

    /// <summary>A column of a type, whose values may be missing.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">The type of its values, or of the items of its lists.</param>
    /// <param name="isList">Whether it holds lists.</param>
    public static ParquetColumn Of(string name, Type type, bool isList) => new(
        name,
        isList ? new ListField(name, new DataField("element", type, isNullable: true)) : new DataField(name, type, isNullable: true));

    /// <summary>Writes the column's values of a row group.</summary>
    public Task WriteAsync(ParquetRowGroupWriter group, IReadOnlyList<FieldValue> values, CancellationToken cancellation)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        Type type = Leaf.ClrType;
        if (type == typeof(string) || type == typeof(ReadOnlyMemory<char>))
            return WriteAsync(group, values, value => value.ToCell().AsMemory(), cancellation);
        if (type == typeof(DateTime))
            return WriteAsync(group, values, value => DateTime.Parse(value.Content, culture, DateTimeStyles.RoundtripKind), cancellation);
        if (type == typeof(bool))
            return WriteAsync(group, values, value => bool.Parse(value.Content), cancellation);
        if (type == typeof(decimal))
            return WriteAsync(group, values, value => decimal.Parse(value.Content, NumberStyles.Float, culture), cancellation);
        return NumberTypes.Visit(type, new NumberWriter(this, group, values, cancellation))
            ?? throw new InvalidOperationException($"Column '{Name}' cannot be written: its values are {type}.");
    }

    // Levels as ParquetValues reads them.
    private Task WriteAsync<T>(
        ParquetRowGroupWriter group, IReadOnlyList<FieldValue> values, Func<FieldValue, T> convert, CancellationToken cancellation)
        where T : struct
    {
        int full = Leaf.MaxDefinitionLevel;
        bool isList = Leaf.MaxRepetitionLevel > 0;
        int emptyList = full - (Leaf.IsNullable ? 2 : 1);
        List<T> there = [];
        List<int> definitions = [], repetitions = [];
        void Add(FieldValue value, int repetition, int missing)
        {
            bool isMissing = value.Kind == FieldKind.Missing;
            if (!isMissing)
                there.Add(convert(value));
            definitions.Add(isMissing ? missing : full);
            repetitions.Add(repetition);
        }
        foreach (FieldValue value in values)
        {
            if (!isList || value.Kind == FieldKind.Missing)
                Add(value, 0, 0);
            else if (value.Items!.Count == 0)
                Add(FieldValue.Missing, 0, emptyList);
            for (int i = 0; isList && i < (value.Items?.Count ?? 0); i++)
                Add(value.Items![i], i == 0 ? 0 : 1, full - 1);
        }
        ReadOnlyMemory<int>? definitionLevels = full == 0 ? null : definitions.ToArray();
        ReadOnlyMemory<int>? repetitionLevels = isList ? repetitions.ToArray() : null;
        return group.WriteAllPartsAsync<T>(Leaf, there.ToArray(), definitionLevels, repetitionLevels, cancellation);
    }

    private sealed class NumberWriter(
        ParquetColumn column, ParquetRowGroupWriter group, IReadOnlyList<FieldValue> values, CancellationToken cancellation)
        : INumberVisitor<Task>
    {
        public Task Visit<T>(NumberDataViewType type)
            where T : struct, IParsable<T>, IFormattable =>
            column.WriteAsync(group, values, value => T.Parse(value.Content, CultureInfo.InvariantCulture), cancellation);
    }
}
