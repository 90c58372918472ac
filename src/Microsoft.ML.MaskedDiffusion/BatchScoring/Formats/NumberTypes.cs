namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>What is done with a type of numbers that files of rows and data views have in common.</summary>
/// <typeparam name="TResult">What it gives.</typeparam>
internal interface INumberVisitor<out TResult>
{
    /// <summary>Does it with the type.</summary>
    TResult Visit<T>()
        where T : struct, IParsable<T>, IFormattable;
}

/// <summary>The types of numbers that files of rows and data views have in common.</summary>
internal static class NumberTypes
{
    /// <summary>Lets a visitor work with a type of numbers; the default where it is none.</summary>
    public static TResult? Visit<TResult>(Type type, INumberVisitor<TResult> visitor) => Type.GetTypeCode(type) switch
    {
        TypeCode.Single => visitor.Visit<float>(),
        TypeCode.Double => visitor.Visit<double>(),
        TypeCode.SByte => visitor.Visit<sbyte>(),
        TypeCode.Int16 => visitor.Visit<short>(),
        TypeCode.Int32 => visitor.Visit<int>(),
        TypeCode.Int64 => visitor.Visit<long>(),
        TypeCode.Byte => visitor.Visit<byte>(),
        TypeCode.UInt16 => visitor.Visit<ushort>(),
        TypeCode.UInt32 => visitor.Visit<uint>(),
        TypeCode.UInt64 => visitor.Visit<ulong>(),
        _ => default,
    };
}
