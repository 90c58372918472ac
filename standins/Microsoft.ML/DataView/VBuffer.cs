using System.Collections;

namespace Microsoft.ML.Data;

/// <summary>A vector, dense or sparse, whose arrays may be longer than its content so that cursors can reuse them.</summary>
public readonly struct VBuffer<T> : IEnumerable
{
    public readonly int Length;

    internal readonly T[] RawValues;
    internal readonly int[] RawIndices;
    internal readonly int Count;

    /// <summary>A dense vector over <paramref name="values"/>; <paramref name="indices"/> is only kept for reuse.</summary>
    public VBuffer(int length, T[] values, int[] indices = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if ((values?.Length ?? 0) < length)
            throw new ArgumentException($"{length} values are needed, {values?.Length ?? 0} are there.", nameof(values));
        Length = length;
        RawValues = values;
        RawIndices = indices;
        Count = length;
    }

    /// <summary>Dense when <paramref name="count"/> equals <paramref name="length"/>, else sparse with strictly rising indices.</summary>
    public VBuffer(int length, int count, T[] values, int[] indices)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (count < 0 || count > length)
            throw new ArgumentOutOfRangeException(nameof(count));
        if ((values?.Length ?? 0) < count)
            throw new ArgumentException($"{count} values are needed, {values?.Length ?? 0} are there.", nameof(values));
        if (count < length && (indices?.Length ?? 0) < count)
            throw new ArgumentException($"{count} indices are needed, {indices?.Length ?? 0} are there.", nameof(indices));
        Length = length;
        RawValues = values;
        RawIndices = indices;
        Count = count;
    }

    public bool IsDense => Count == Length;

    /// <summary>The values that are held: all of them if dense, those of <see cref="GetIndices"/> if sparse.</summary>
    public ReadOnlySpan<T> GetValues() => RawValues.AsSpan(0, Count);

    /// <summary>The positions of the values; empty for a dense vector.</summary>
    public ReadOnlySpan<int> GetIndices() => IsDense ? default : RawIndices.AsSpan(0, Count);

    public void CopyToDense(ref VBuffer<T> destination)
    {
        var editor = VBufferEditor.Create(ref destination, Length);
        CopyTo(editor.Values);
        destination = editor.Commit();
    }

    public void CopyTo(ref VBuffer<T> destination)
    {
        var editor = VBufferEditor.Create(ref destination, Length, Count);
        GetValues().CopyTo(editor.Values);
        if (!IsDense)
            GetIndices().CopyTo(editor.Indices);
        destination = editor.Commit();
    }

    public void CopyTo(ref VBuffer<T> destination, int sourceIndex, int length)
    {
        if (sourceIndex < 0 || sourceIndex > Length)
            throw new ArgumentOutOfRangeException(nameof(sourceIndex));
        if (length < 0 || length > Length - sourceIndex)
            throw new ArgumentOutOfRangeException(nameof(length));
        int first = sourceIndex, last = sourceIndex + length;
        if (!IsDense)
        {
            first = LowerBound(sourceIndex);
            last = LowerBound(sourceIndex + length);
        }
        var editor = VBufferEditor.Create(ref destination, length, last - first);
        GetValues()[first..last].CopyTo(editor.Values);
        if (last - first < length)
        {
            for (var i = first; i < last; i++)
                editor.Indices[i - first] = RawIndices[i] - sourceIndex;
        }
        destination = editor.Commit();
    }

    public void CopyTo(Span<T> destination) => CopyTo(destination, 0);

    public void CopyTo(Span<T> destination, int destinationIndex, T defaultValue = default)
    {
        if (destinationIndex < 0 || destination.Length - destinationIndex < Length)
            throw new ArgumentOutOfRangeException(nameof(destinationIndex), "The destination is too short.");
        var target = destination.Slice(destinationIndex, Length);
        if (IsDense)
        {
            GetValues().CopyTo(target);
            return;
        }
        target.Fill(defaultValue);
        for (var i = 0; i < Count; i++)
            target[RawIndices[i]] = RawValues[i];
    }

    public static void Copy(T[] source, int sourceIndex, ref VBuffer<T> destination, int length)
    {
        var editor = VBufferEditor.Create(ref destination, length);
        source.AsSpan(sourceIndex, length).CopyTo(editor.Values);
        destination = editor.Commit();
    }

    /// <summary>Positions with values: those held, or with <paramref name="all"/> every position.</summary>
    public IEnumerable<KeyValuePair<int, T>> Items(bool all = false) => Items(this, all);

    public IEnumerable<T> DenseValues() => Items(this, all: true).Select(item => item.Value);

    public void GetItemOrDefault(int index, ref T destination) => destination = GetItemOrDefault(index);

    public T GetItemOrDefault(int index)
    {
        if ((uint)index >= (uint)Length)
            throw new ArgumentOutOfRangeException(nameof(index));
        if (IsDense)
            return RawValues[index];
        var place = LowerBound(index);
        return place < Count && RawIndices[place] == index ? RawValues[place] : default;
    }

    public IEnumerator GetEnumerator() => DenseValues().GetEnumerator();

    public override string ToString() => IsDense ? $"Dense vector of size {Length}" : $"Sparse vector of size {Length}, {Count} explicit values";

    private static IEnumerable<KeyValuePair<int, T>> Items(VBuffer<T> buffer, bool all)
    {
        if (buffer.IsDense)
        {
            for (var i = 0; i < buffer.Length; i++)
                yield return new(i, buffer.RawValues[i]);
            yield break;
        }
        var position = 0;
        for (var i = 0; i < buffer.Count; i++)
        {
            for (; all && position < buffer.RawIndices[i]; position++)
                yield return new(position, default);
            yield return new(buffer.RawIndices[i], buffer.RawValues[i]);
            position = buffer.RawIndices[i] + 1;
        }
        for (; all && position < buffer.Length; position++)
            yield return new(position, default);
    }

    private int LowerBound(int index)
    {
        var place = RawIndices.AsSpan(0, Count).BinarySearch(index);
        return place < 0 ? ~place : place;
    }
}
