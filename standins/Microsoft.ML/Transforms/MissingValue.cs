namespace Microsoft.ML.Transforms;

/// <summary>What stands where a mapping knows no value: not-a-number for floats, the default for the rest.</summary>
internal static class MissingValue
{
    public static T Of<T>()
    {
        if (typeof(T) == typeof(float)) return (T)(object)float.NaN;
        if (typeof(T) == typeof(double)) return (T)(object)double.NaN;
        return default;
    }
}
