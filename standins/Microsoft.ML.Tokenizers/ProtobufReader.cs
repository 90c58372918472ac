using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.Tokenizers;

/// <summary>Walks the fields of one protobuf message. The published package throws its protobuf library's IOException on malformed input; so does this.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;
    private ReadOnlySpan<byte> _bytes;
    private ulong _number;

    public int Field { get; private set; }

    public readonly bool Boolean => _number != 0;

    public readonly int Int32 => (int)_number;

    public readonly float Single => BitConverter.UInt32BitsToSingle((uint)_number);

    public readonly ReadOnlySpan<byte> Bytes => _bytes;

    public readonly string Text => Encoding.UTF8.GetString(_bytes);

    public bool Next()
    {
        if (_rest.IsEmpty)
            return false;
        ulong tag = Varint();
        Field = (int)(tag >> 3);
        if (Field == 0)
            throw Malformed("an invalid tag (zero)");
        _bytes = default;
        switch (tag & 7)
        {
            case 0: _number = Varint(); break;
            case 1: _number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8)); break;
            case 2:
                ulong length = Varint();
                _bytes = Take(length > int.MaxValue ? int.MaxValue : (int)length);
                break;
            case 5: _number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4)); break;
            default: throw Malformed("an invalid wire type");
        }
        return true;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte part = Take(1)[0];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }
        throw Malformed("a malformed varint");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            throw new IOException("While parsing a protocol message, the input ended unexpectedly in the middle of a field.");
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private static IOException Malformed(string what) => new($"Protocol message contained {what}.");
}
