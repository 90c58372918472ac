using System.Buffers.Binary;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

/// <summary>
/// Reads the fields of one protobuf message one after the other. Throws <see cref="FormatException"/> if the bytes are not a valid message.
/// </summary>
internal ref struct ProtobufFields(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    /// <summary>Number of the current field.</summary>
    public int Number { get; private set; }

    /// <summary>Content of the current field if it is length-delimited; empty for other fields.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>Bits of the value if the current field is numeric.</summary>
    public ulong Value { get; private set; }

    public bool MoveNext()
    {
        if (_rest.IsEmpty)
            return false;
        ulong key = ReadVarint();
        if (key >> 3 is 0 or > int.MaxValue)
            throw new FormatException("a protobuf field has no valid number");
        Number = (int)(key >> 3);
        Content = default;
        Value = 0;
        switch (key & 7)
        {
            case 0:
                Value = ReadVarint();
                break;
            case 1:
                Value = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case 2:
                Content = Take(ReadVarint());
                break;
            case 5:
                Value = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            default:
                throw new FormatException("a protobuf field has no valid wire type");
        }
        return true;
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            byte part = Take(1)[0];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }
        throw new FormatException("a protobuf number is longer than ten bytes");
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
            throw new FormatException("it ends in the middle of a protobuf field");
        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }
}
