namespace Microsoft.ML.Data;

/// <summary>The size of the vector that an array member stands for; without one it varies with the row.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property, AllowMultiple = false, Inherited = true)]
public sealed class VectorTypeAttribute : Attribute
{
    public VectorTypeAttribute()
    {
    }

    public VectorTypeAttribute(int size)
    {
        if (size < 0)
            throw new ArgumentOutOfRangeException(nameof(size), size, "VectorType cannot be of negative size.");
        Dimensions = [size];
    }

    public VectorTypeAttribute(params int[] dimensions)
    {
        foreach (var size in dimensions)
        {
            if (size < 0)
                throw new ArgumentOutOfRangeException(nameof(dimensions), size, "VectorType cannot have dimensions of negative size.");
        }
        Dimensions = dimensions;
    }

    internal int[] Dimensions { get; }
}
