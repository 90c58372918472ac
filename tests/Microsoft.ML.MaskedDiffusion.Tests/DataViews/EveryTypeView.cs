using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A view with a column of text, and one of every type that ML.NET has: scalars, keys of every width, and vectors of known and unknown
/// length, dense and sparse.
/// </summary>
internal sealed class EveryTypeView(int count) : IDataView
{
    private static readonly MadeColumn[] Columns = [.. Make()];

    private static readonly DataViewSchema Types = MakeSchema();

    public bool CanShuffle => false;

    public DataViewSchema Schema => Types;

    public long? GetRowCount() => count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new Cursor(count, [.. columnsNeeded.Select(column => column.Index)]);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private static IEnumerable<MadeColumn> Make()
    {
        yield return Scalar("Text", TextDataViewType.Instance, i => $"the {i}".AsMemory());
        yield return Scalar("Boolean", BooleanDataViewType.Instance, i => i % 2 == 0);
        yield return Scalar("Date", DateTimeDataViewType.Instance, i => new DateTime(2000, 1, 1).AddHours(i));
        yield return Scalar("Offset", DateTimeOffsetDataViewType.Instance,
            i => new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.FromHours(i % 5)));
        yield return Scalar("Span", TimeSpanDataViewType.Instance, i => TimeSpan.FromSeconds(i));
        yield return Scalar("Id", RowIdDataViewType.Instance, i => new DataViewRowId((ulong)i, 7));
        foreach (MadeColumn[] columns in new[]
        {
            Numbers(NumberDataViewType.SByte, i => (sbyte)(i - 5)), Numbers(NumberDataViewType.Byte, i => (byte)i, hasKeys: true),
            Numbers(NumberDataViewType.Int16, i => (short)(i - 5)), Numbers(NumberDataViewType.UInt16, i => (ushort)i, hasKeys: true),
            Numbers(NumberDataViewType.Int32, i => (int)(i - 5)), Numbers(NumberDataViewType.UInt32, i => (uint)i, hasKeys: true),
            Numbers(NumberDataViewType.Int64, i => i - 5), Numbers(NumberDataViewType.UInt64, i => (ulong)i, hasKeys: true),
            Numbers(NumberDataViewType.Single, i => i / 7f), Numbers(NumberDataViewType.Double, i => i / 7.0),
            Vectors(TextDataViewType.Instance, i => $"{i}".AsMemory()), Vectors(BooleanDataViewType.Instance, i => i % 3 == 0),
            Vectors(DateTimeDataViewType.Instance, i => new DateTime(i)), Vectors(TimeSpanDataViewType.Instance, i => new TimeSpan(i)),
            Vectors(DateTimeOffsetDataViewType.Instance, i => new DateTimeOffset(i, TimeSpan.Zero)),
            Vectors(RowIdDataViewType.Instance, i => new DataViewRowId(7, (ulong)i)),
        })
        {
            foreach (MadeColumn column in columns)
                yield return column;
        }
    }

    private static MadeColumn[] Numbers<T>(NumberDataViewType type, Func<long, T> value, bool hasKeys = false)
    {
        var columns = new List<MadeColumn> { Scalar($"{type}", type, value) };
        columns.AddRange(Vectors(type, value));
        if (hasKeys)
        {
            columns.Add(Scalar($"Key {type}", new KeyDataViewType(typeof(T), 100), value));
            columns.AddRange(Vectors(new KeyDataViewType(typeof(T), 100), value));
        }
        return [.. columns];
    }

    private static MadeColumn[] Vectors<T>(PrimitiveDataViewType type, Func<long, T> value) =>
    [
        Scalar($"Dense {type}", new VectorDataViewType(type, 3), i => new VBuffer<T>(3, [value(i), value(i + 1), value(i + 2)])),
        Scalar($"Sparse {type}", new VectorDataViewType(type, 9), i => new VBuffer<T>(9, 1, [value(i)], [(int)(i % 9)])),
        Scalar($"Any {type}", new VectorDataViewType(type),
            i => new VBuffer<T>((int)(i % 4), [.. Enumerable.Range(0, (int)(i % 4)).Select(place => value(i + place))])),
    ];

    private static MadeColumn Scalar<T>(string name, DataViewType type, Func<long, T> value) =>
        new(new DataViewSchema.DetachedColumn(name, type, null!), position =>
        {
            ValueGetter<T> getter = (ref T target) => target = value(position());
            return getter;
        });

    private static DataViewSchema MakeSchema()
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(Columns.Select(column => column.Column));
        return builder.ToSchema();
    }

    /// <summary>A column, and its getter over the position that it is given.</summary>
    private sealed record MadeColumn(DataViewSchema.DetachedColumn Column, Func<Func<long>, Delegate> Getter);

    private sealed class Cursor(int count, HashSet<int> active) : DataViewRowCursor
    {
        private long _position = -1;

        public override long Position => _position;

        public override long Batch => 0;

        public override DataViewSchema Schema => Types;

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => IsColumnActive(column)
            ? (ValueGetter<TValue>)Columns[column.Index].Getter(() => _position)
            : throw new InvalidOperationException($"Column {column.Name} is not active.");

        public override ValueGetter<DataViewRowId> GetIdGetter() =>
            (ref DataViewRowId value) => value = new DataViewRowId((ulong)_position, 0);

        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column.Index);

        public override bool MoveNext() => ++_position < count;
    }
}
