namespace Microsoft.ML.Data;

/// <summary>The object that getters read from at the moment.</summary>
internal sealed class RowHolder<TRow>
    where TRow : class
{
    internal TRow Row;

    internal TRow Current() => Row ?? throw new InvalidOperationException("Cannot call value getter in current state");
}
