namespace Microsoft.ML.Data;

/// <summary>A vector being written; nothing is seen in the vector until <see cref="Commit"/>.</summary>
public readonly ref struct VBufferEditor<T>
{
    public readonly Span<T> Values;

    public readonly Span<int> Indices;

    private readonly int _length;
    private readonly T[] _values;
    private readonly int[] _indices;

    internal VBufferEditor(int length, int count, T[] values, int[] indices, bool requireIndicesOnDense, bool createdNewValues, bool createdNewIndices)
    {
        _length = length;
        _values = values;
        _indices = indices;
        CreatedNewValues = createdNewValues;
        CreatedNewIndices = createdNewIndices;
        Values = values.AsSpan(0, count);
        Indices = count == length && !requireIndicesOnDense ? default : indices.AsSpan(0, count);
    }

    public bool CreatedNewValues { get; }

    public bool CreatedNewIndices { get; }

    public VBuffer<T> Commit() => new(_length, Values.Length, _values, _indices);

    public VBuffer<T> CommitTruncated(int physicalValuesCount)
    {
        if ((uint)physicalValuesCount > (uint)Values.Length)
            throw new ArgumentOutOfRangeException(nameof(physicalValuesCount));
        return new(_length, physicalValuesCount, _values, _indices);
    }
}
