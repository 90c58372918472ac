namespace Microsoft.ML.Data;

/// <summary>Makes editors that write into a vector's own arrays where these are long enough.</summary>
public static class VBufferEditor
{
    public static VBufferEditor<T> CreateFromBuffer<T>(ref VBuffer<T> destination) =>
        new(destination.Length, destination.Count, destination.RawValues, destination.RawIndices, false, false, false);

    /// <summary>Without <paramref name="keepOldOnResize"/> a new array starts empty; a reused one always holds its old content.</summary>
    public static VBufferEditor<T> Create<T>(
        ref VBuffer<T> destination,
        int newLogicalLength,
        int? valuesCount = null,
        int? maxValuesCapacity = null,
        bool keepOldOnResize = false,
        bool requireIndicesOnDense = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(newLogicalLength);
        var count = valuesCount ?? newLogicalLength;
        if (count < 0 || count > newLogicalLength)
            throw new ArgumentOutOfRangeException(nameof(valuesCount));
        var maximum = Math.Max(count, maxValuesCapacity ?? newLogicalLength);
        var values = destination.RawValues;
        var indices = destination.RawIndices;
        var newValues = Grow(ref values, count, maximum, keepOldOnResize);
        var needIndices = count < newLogicalLength || requireIndicesOnDense;
        var newIndices = needIndices && Grow(ref indices, count, maximum, keepOldOnResize);
        return new(newLogicalLength, count, values, indices, requireIndicesOnDense, newValues, newIndices);
    }

    private static bool Grow<T>(ref T[] array, int count, int maximum, bool keepOld)
    {
        var capacity = array?.Length ?? 0;
        if (capacity >= count && array != null)
            return false;
        var grown = new T[(int)Math.Min(maximum, Math.Max(count, 2L * capacity))];
        if (keepOld && capacity > 0)
            Array.Copy(array, grown, capacity);
        array = grown;
        return true;
    }
}
