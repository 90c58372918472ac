using System.Buffers.Binary;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>
/// Walks through the footer of a Parquet file, a Thrift structure in the compact protocol, before the library reads it: the library takes
/// memory for any length that is written there, and reads on for ever where the numbers lead behind the end.
/// </summary>
internal ref struct ParquetFooter
{
    private const int TrailerBytes = 8, Deepest = 64;

    // The types of the compact protocol.
    private const int Stop = 0, True = 1, False = 2, Byte = 3, Int64 = 6, Double = 7, Binary = 8, List = 9, Set = 10, Structure = 12;

    private ReadOnlySpan<byte> _rest;

    /// <summary>Reads the footer of a file, whose position is then again at its start.</summary>
    /// <exception cref="InvalidDataException">The footer is damaged.</exception>
    public static void Check(Stream file)
    {
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        if (file.Length < TrailerBytes)
            throw Damaged();
        file.Position = file.Length - TrailerBytes;
        file.ReadExactly(trailer);
        int length = BinaryPrimitives.ReadInt32LittleEndian(trailer);
        if (length < 0 || length > file.Length - TrailerBytes)
            throw Damaged();
        byte[] bytes = new byte[length];
        file.Position = file.Length - TrailerBytes - length;
        file.ReadExactly(bytes);
        file.Position = 0;
        var footer = new ParquetFooter { _rest = bytes };
        footer.SkipStructure(0);
    }

    private static InvalidDataException Damaged() => new("its footer is damaged or cut off");

    private void SkipStructure(int depth)
    {
        while (true)
        {
            byte header = Take(1)[0];
            int type = header & 0xF;
            if (type == Stop)
                return;
            // A field whose number is not close to the last one's has it behind the header.
            if (header >> 4 == 0)
                Number();
            // The value of a truth is in its type.
            if (type is not (True or False))
                Skip(type, depth);
        }
    }

    private void Skip(int type, int depth)
    {
        if (depth > Deepest)
            throw Damaged();
        switch (type)
        {
            case True or False or Byte:
                Take(1);
                break;
            case > Byte and <= Int64:
                Number();
                break;
            case Double:
                Take(8);
                break;
            case Binary:
                Take(Number());
                break;
            case List or Set:
                byte header = Take(1)[0];
                ulong count = header >> 4 == 0xF ? Number() : (ulong)(header >> 4);
                // Every item has a byte at least.
                if (count > (ulong)_rest.Length)
                    throw Damaged();
                for (ulong i = 0; i < count; i++)
                    Skip(header & 0xF, depth + 1);
                break;
            case Structure:
                SkipStructure(depth + 1);
                break;
            default:
                // Parquet's footers have no maps.
                throw Damaged();
        }
    }

    private ulong Number()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            byte part = Take(1)[0];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }
        throw Damaged();
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
            throw Damaged();
        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }
}
