using System.Buffers.Binary;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

/// <summary>
/// Reads the fields of one protobuf message one after the other. Throws <see cref="FormatException"/> if the bytes are not a valid message.
/// </summary>
internal ref struct ProtobufFields(ReadOnlySpan<byte> message)
{
    private ByteCursor _bytes = new(message);

    /// <summary>Number of the current field.</summary>
    public int Number { get; private set; }

    /// <summary>Content of the current field if it is length-delimited; empty for other fields.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>Bits of the value if the current field is numeric.</summary>
    public ulong Value { get; private set; }

    public bool MoveNext()
    {
        if (_bytes.Left == 0)
            return false;
        ulong key = _bytes.Number();
        if (key >> 3 is 0 or > int.MaxValue)
            throw new FormatException("a protobuf field has no valid number");
        Number = (int)(key >> 3);
        Content = default;
        Value = 0;
        switch (key & 7)
        {
            case 0:
                Value = _bytes.Number();
                break;
            case 1:
                Value = BinaryPrimitives.ReadUInt64LittleEndian(_bytes.Take(8));
                break;
            case 2:
                Content = _bytes.Take(_bytes.Number());
                break;
            case 5:
                Value = BinaryPrimitives.ReadUInt32LittleEndian(_bytes.Take(4));
                break;
            default:
                throw new FormatException("a protobuf field has no valid wire type");
        }
        return true;
    }
}
