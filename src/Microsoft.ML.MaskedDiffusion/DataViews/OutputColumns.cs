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

    /// <summary>A key as ML.NET stores it: 1 for the first of <paramref name="count"/>, 0 for missing.</summary>
    public static OutputColumn<TOutput> Key<TOutput>(string name, int count, Func<TOutput, uint> read) =>
        new OutputColumn<TOutput, uint>(name, new KeyDataViewType(typeof(uint), count), (TOutput row, ref uint value) => value = read(row));

    /// <summary>A dense vector of known size.</summary>
    public static OutputColumn<TOutput> Vector<TOutput>(string name, int size, Func<TOutput, float[]> read) =>
        new OutputColumn<TOutput, VBuffer<float>>(name, new VectorDataViewType(NumberDataViewType.Single, size),
            (TOutput row, ref VBuffer<float> value) =>
            {
                VBufferEditor<float> editor = VBufferEditor.Create(ref value, size);
                read(row).CopyTo(editor.Values);
                value = editor.Commit();
            });
}
