namespace Microsoft.ML.Transforms;

/// <summary>Equality of column values: texts by their characters, all else by its own.</summary>
internal static class ValueEquality
{
    public static IEqualityComparer<T> Of<T>() =>
        typeof(T) == typeof(ReadOnlyMemory<char>) ? (IEqualityComparer<T>)(object)new Text() : EqualityComparer<T>.Default;

    private sealed class Text : IEqualityComparer<ReadOnlyMemory<char>>
    {
        public bool Equals(ReadOnlyMemory<char> x, ReadOnlyMemory<char> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<char> obj) => string.GetHashCode(obj.Span);
    }
}
