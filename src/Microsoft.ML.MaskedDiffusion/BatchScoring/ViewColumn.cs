using System.Globalization;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring;

/// <summary>A field of the input as a column of a data view: how its values become those of the column's type. Thread-safe.</summary>
internal abstract class ViewColumn
{
    /// <summary>The column for a type; null where a field of a file cannot be of it, such as a key.</summary>
    public static ViewColumn? Of(DataViewType type)
    {
        if (type is VectorDataViewType vector)
            return OfItems(vector.ItemType)?.ListOf(vector.Size);
        return OfItems(type);
    }

    /// <summary>The column's value for a field.</summary>
    /// <exception cref="InvalidDataException">The field holds something else; the message does not name it.</exception>
    public abstract object Convert(FieldValue value);

    /// <summary>A getter of what <see cref="Convert"/> gave for the current row.</summary>
    public abstract Delegate Getter(Func<object> current);

    /// <summary>A column of lists of these values.</summary>
    /// <param name="size">How many there are; 0 for any number.</param>
    protected abstract ViewColumn ListOf(int size);

    private static ViewColumn? OfItems(DataViewType type)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (type is TextDataViewType)
        {
            return new Column<ReadOnlyMemory<char>>("a text", (FieldValue value, out ReadOnlyMemory<char> text) =>
            {
                text = value.Content.AsMemory();
                return value.Kind == FieldKind.Text;
            });
        }
        if (type is BooleanDataViewType)
        {
            return new Column<bool>("true or false", (FieldValue value, out bool flag) =>
            {
                flag = value.Content is "1";
                return value.Content is "0" or "1" || bool.TryParse(value.Content, out flag);
            });
        }
        if (type is DateTimeDataViewType)
        {
            return new Column<DateTime>("a date", (FieldValue value, out DateTime date) =>
                DateTime.TryParse(value.Content, culture, DateTimeStyles.RoundtripKind, out date));
        }
        return type is NumberDataViewType ? NumberTypes.Visit(type.RawType, new NumberColumn()) : null;
    }

    private delegate bool Reader<T>(FieldValue value, out T result);

    private static InvalidDataException Unexpected(FieldValue value, string expected) =>
        new($"holds {value.Description}{Shown(value)} where {expected} is expected");

    private static string Shown(FieldValue value) =>
        value.Kind == FieldKind.Text ? $" ('{Text.TextExcerpt.Of(value.Content)}')" : "";

    private sealed class Column<T>(string expected, Reader<T> read) : ViewColumn
    {
        public override object Convert(FieldValue value) => Item(value)!;

        public override Delegate Getter(Func<object> current) => (ValueGetter<T>)((ref T value) => value = (T)current());

        public T Item(FieldValue value) => read(value, out T result) ? result : throw Unexpected(value, expected);

        protected override ViewColumn ListOf(int size) => new ListColumn<T>(this, expected, size);
    }

    private sealed class ListColumn<T>(Column<T> items, string expected, int size) : ViewColumn
    {
        public override object Convert(FieldValue value)
        {
            // In CSV a list is a JSON array.
            FieldValue list = value.Kind == FieldKind.Text ? Parse(value) : value;
            if (list.Kind != FieldKind.List)
                throw Unexpected(value, $"a list, each item {expected},");
            if (size > 0 && list.Items!.Count != size)
                throw new InvalidDataException($"holds a list of {list.Items.Count} where {size} items are expected");
            return list.Items!.Select(items.Item).ToArray();
        }

        public override Delegate Getter(Func<object> current) => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
        {
            var values = (T[])current();
            VBufferEditor<T> editor = VBufferEditor.Create(ref value, values.Length);
            values.CopyTo(editor.Values);
            value = editor.Commit();
        });

        protected override ViewColumn ListOf(int size) => throw new NotSupportedException("There are no lists of lists.");

        private static FieldValue Parse(FieldValue value)
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(value.Content);
                return FieldValue.Of(document.RootElement);
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException)
            {
                // The second one is thrown for half a surrogate pair, written as an escape.
                return value;
            }
        }
    }

    // A missing number is NaN where the type has it.
    private sealed class NumberColumn : INumberVisitor<ViewColumn>
    {
        public ViewColumn Visit<T>(NumberDataViewType type)
            where T : struct, IParsable<T>, IFormattable
        {
            T? missing = T.TryParse("NaN", CultureInfo.InvariantCulture, out T nan) ? nan : null;
            return new Column<T>($"a number ({typeof(T).Name})", (FieldValue value, out T number) =>
            {
                if (missing is { } nothing && value.Content.Length == 0 && value.Kind is FieldKind.Missing or FieldKind.Text)
                {
                    number = nothing;
                    return true;
                }
                number = default;
                // A comma would be taken for one between thousands, and 3,14 for 314.
                return !value.Content.Contains(',', StringComparison.Ordinal)
                    && T.TryParse(value.Content, CultureInfo.InvariantCulture, out number);
            });
        }
    }
}
