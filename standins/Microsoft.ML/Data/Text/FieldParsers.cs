using System.Globalization;
using System.Numerics;

namespace Microsoft.ML.Data;

/// <summary>The parsers of the kinds of data, always in the invariant culture.</summary>
internal static class FieldParsers
{
    private static readonly HashSet<string> True = new(["true", "t", "yes", "y", "on", "1", "+1", "+"], StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string> False = new(["false", "f", "no", "n", "off", "0", "-1", "-"], StringComparer.OrdinalIgnoreCase);

    /// <summary>A <see cref="FieldParser{T}"/> for the raw type of this item type.</summary>
    internal static Delegate Create(PrimitiveDataViewType type, char decimalMarker)
    {
        if (type is KeyDataViewType key)
        {
            return key.RawType == typeof(byte) ? Key<byte>(key.Count)
                : key.RawType == typeof(ushort) ? Key<ushort>(key.Count)
                : key.RawType == typeof(uint) ? Key<uint>(key.Count)
                : Key<ulong>(key.Count);
        }
        var format = new NumberFormatInfo { NumberDecimalSeparator = decimalMarker.ToString(), NumberGroupSeparator = "_" };
        return Type.GetTypeCode(type.RawType) switch
        {
            TypeCode.SByte => Integer<sbyte>(),
            TypeCode.Byte => Integer<byte>(),
            TypeCode.Int16 => Integer<short>(),
            TypeCode.UInt16 => Integer<ushort>(),
            TypeCode.Int32 => Integer<int>(),
            TypeCode.UInt32 => Integer<uint>(),
            TypeCode.Int64 => Integer<long>(),
            TypeCode.UInt64 => Integer<ulong>(),
            TypeCode.Single => Real<float>(format),
            TypeCode.Double => Real<double>(format),
            TypeCode.Boolean => new FieldParser<bool>(TryBoolean),
            TypeCode.DateTime => new FieldParser<DateTime>((f, out v) => DateTime.TryParse(f.Span, CultureInfo.InvariantCulture, DateTimeStyles.None, out v)),
            _ when type is TextDataViewType => new FieldParser<ReadOnlyMemory<char>>((f, out v) =>
            {
                v = f;
                return true;
            }),
            _ when type is TimeSpanDataViewType => new FieldParser<TimeSpan>((f, out v) => TimeSpan.TryParse(f.Span, CultureInfo.InvariantCulture, out v)),
            _ when type is DateTimeOffsetDataViewType => new FieldParser<DateTimeOffset>((f, out v) =>
                DateTimeOffset.TryParse(f.Span, CultureInfo.InvariantCulture, DateTimeStyles.None, out v)),
            _ => throw new ArgumentOutOfRangeException(nameof(type), $"Text cannot be read as {type}."),
        };
    }

    private static FieldParser<T> Integer<T>()
        where T : IBinaryInteger<T> => (f, out v) => T.TryParse(f.Span, NumberStyles.Integer, CultureInfo.InvariantCulture, out v);

    private static FieldParser<T> Real<T>(NumberFormatInfo format)
        where T : IFloatingPointIeee754<T> => (f, out v) =>
        {
            // What is no number is a missing value, which these types can say.
            if (!T.TryParse(f.Span, NumberStyles.Float, format, out v))
                v = T.NaN;
            return true;
        };

    private static FieldParser<T> Key<T>(ulong count)
        where T : struct, IBinaryInteger<T> => (f, out v) =>
        {
            // The file counts from 0; in a data view 0 is missing and categories count from 1.
            var known = ulong.TryParse(f.Span, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) && number < count;
            v = known ? T.CreateChecked(number + 1) : T.Zero;
            return true;
        };

    private static bool TryBoolean(ReadOnlyMemory<char> field, out bool value)
    {
        var text = field.Span.Trim();
        value = True.GetAlternateLookup<ReadOnlySpan<char>>().Contains(text);
        return value || False.GetAlternateLookup<ReadOnlySpan<char>>().Contains(text);
    }
}
