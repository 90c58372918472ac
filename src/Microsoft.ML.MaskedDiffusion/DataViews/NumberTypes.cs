using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>What is done with a type of numbers of data views.</summary>
/// <typeparam name="TResult">What it gives.</typeparam>
internal interface INumberVisitor<out TResult>
{
    /// <summary>Does it with the type.</summary>
    /// <param name="type">The type as a data view has it.</param>
    TResult Visit<T>(NumberDataViewType type)
        where T : struct, IParsable<T>, IFormattable;
}

/// <summary>The types of numbers of data views.</summary>
internal static class NumberTypes
{
    /// <summary>Lets a visitor work with a type of numbers; the default where it is none.</summary>
    public static TResult? Visit<TResult>(Type type, INumberVisitor<TResult> visitor) => Type.GetTypeCode(type) switch
    {
        TypeCode.Single => visitor.Visit<float>(NumberDataViewType.Single),
        TypeCode.Double => visitor.Visit<double>(NumberDataViewType.Double),
        TypeCode.SByte => visitor.Visit<sbyte>(NumberDataViewType.SByte),
        TypeCode.Int16 => visitor.Visit<short>(NumberDataViewType.Int16),
        TypeCode.Int32 => visitor.Visit<int>(NumberDataViewType.Int32),
        TypeCode.Int64 => visitor.Visit<long>(NumberDataViewType.Int64),
        TypeCode.Byte => visitor.Visit<byte>(NumberDataViewType.Byte),
        TypeCode.UInt16 => visitor.Visit<ushort>(NumberDataViewType.UInt16),
        TypeCode.UInt32 => visitor.Visit<uint>(NumberDataViewType.UInt32),
        TypeCode.UInt64 => visitor.Visit<ulong>(NumberDataViewType.UInt64),
        _ => default,
    };

    /// <summary>A type of numbers as a data view has it; null where it is none.</summary>
    public static NumberDataViewType? Of(Type type) => Visit(type, new TypeReader());

    private sealed class TypeReader : INumberVisitor<NumberDataViewType>
    {
        public NumberDataViewType Visit<T>(NumberDataViewType type)
            where T : struct, IParsable<T>, IFormattable => type;
    }
}
