namespace Microsoft.ML.Data;

/// <summary>The type of a column's values.</summary>
public abstract class DataViewType : IEquatable<DataViewType>
{
    private protected DataViewType(Type rawType)
    {
        ArgumentNullException.ThrowIfNull(rawType);
        RawType = rawType;
    }

    /// <summary>The type a column's <see cref="ValueGetter{TValue}"/> takes.</summary>
    public Type RawType { get; }

    public abstract bool Equals(DataViewType other);
}
