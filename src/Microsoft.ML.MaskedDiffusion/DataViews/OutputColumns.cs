using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>The kinds of output columns in use.</summary>
internal static class OutputColumns
{
    public static OutputColumn<TOutput> Single<TOutput>(string name, Func<TOutput, float> read) =>
        new OutputColumn<TOutput, float>(name, NumberDataViewType.Single, (TOutput row, ref float value) => value = read(row));

    public static OutputColumn<TOutput> Int32<TOutput>(string name, Func<TOutput, int> read) =>
        new OutputColumn<TOutput, int>(name, NumberDataViewType.Int32, (TOutput row, ref int value) => value = read(row));

    public static OutputColumn<TOutput> Boolean<TOutput>(string name, Func<TOutput, bool> read) =>
        new OutputColumn<TOutput, bool>(name, BooleanDataViewType.Instance, (TOutput row, ref bool value) => value = read(row));

    public static OutputColumn<TOutput> Text<TOutput>(string name, Func<TOutput, string> read) =>
        new OutputColumn<TOutput, ReadOnlyMemory<char>>(name, TextDataViewType.Instance,
            (TOutput row, ref ReadOnlyMemory<char> value) => value = read(row).AsMemory());

    /// <summary>A vector of texts of any number.</summary>
    public static OutputColumn<TOutput> Texts<TOutput>(string name, Func<TOutput, string[]> read) =>
        new OutputColumn<TOutput, VBuffer<ReadOnlyMemory<char>>>(name, new VectorDataViewType(TextDataViewType.Instance),
            (TOutput row, ref VBuffer<ReadOnlyMemory<char>> value) =>
            {
                string[] texts = read(row);
                VBufferEditor<ReadOnlyMemory<char>> editor = VBufferEditor.Create(ref value, texts.Length);
                for (int i = 0; i < texts.Length; i++)
                    editor.Values[i] = texts[i].AsMemory();
                value = editor.Commit();
            });

    /// <summary>
    /// A key as ML.NET stores it: 1 for the first of <paramref name="count"/>, 0 for missing. Its key values are the indices 0 to
    /// <paramref name="count"/> - 1, so <c>MapKeyToValue</c> gives the index.
    /// </summary>
    public static OutputColumn<TOutput> Key<TOutput>(string name, int count, Func<TOutput, uint> read)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add("KeyValues", new VectorDataViewType(NumberDataViewType.Int32, count),
            (ref VBuffer<int> values) => values = new VBuffer<int>(count, [.. Enumerable.Range(0, count)]));
        return new OutputColumn<TOutput, uint>(name, new KeyDataViewType(typeof(uint), count),
            (TOutput row, ref uint value) => value = read(row), annotations.ToAnnotations());
    }

    /// <summary>A dense vector of known size, whose slots are named by their indices.</summary>
    public static OutputColumn<TOutput> Vector<TOutput>(string name, int size, Func<TOutput, float[]> read)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        ReadOnlyMemory<char>[] names =
            [.. Enumerable.Range(0, size).Select(index => index.ToString(CultureInfo.InvariantCulture).AsMemory())];
        annotations.Add("SlotNames", new VectorDataViewType(TextDataViewType.Instance, size),
            (ref VBuffer<ReadOnlyMemory<char>> value) => value = new VBuffer<ReadOnlyMemory<char>>(size, names));
        return new OutputColumn<TOutput, VBuffer<float>>(name, new VectorDataViewType(NumberDataViewType.Single, size),
            (TOutput row, ref VBuffer<float> value) =>
            {
                VBufferEditor<float> editor = VBufferEditor.Create(ref value, size);
                read(row).CopyTo(editor.Values);
                value = editor.Commit();
            },
            annotations.ToAnnotations());
    }
}
