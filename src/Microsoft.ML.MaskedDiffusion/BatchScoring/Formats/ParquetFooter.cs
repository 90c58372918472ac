using System.Buffers.Binary;
using Microsoft.ML.MaskedDiffusion.Files;

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

    private ByteCursor _bytes;

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
        var footer = new ParquetFooter { _bytes = new ByteCursor(bytes) };
        try
        {
            footer.SkipStructure(0);
        }
        catch (FormatException)
        {
            throw Damaged();
        }
    }

    private static InvalidDataException Damaged() => new("its footer is damaged or cut off");

    private void SkipStructure(int depth)
    {
        while (true)
        {
            byte header = _bytes.Take(1)[0];
            int type = header & 0xF;
            if (type == Stop)
                return;
            // A field whose number is not close to the last one's has it behind the header.
            if (header >> 4 == 0)
                _bytes.Number();
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
                _bytes.Take(1);
                break;
            case > Byte and <= Int64:
                _bytes.Number();
                break;
            case Double:
                _bytes.Take(8);
                break;
            case Binary:
                _bytes.Take(_bytes.Number());
                break;
            case List or Set:
                byte header = _bytes.Take(1)[0];
                ulong count = header >> 4 == 0xF ? _bytes.Number() : (ulong)(header >> 4);
                // Every item has a byte at least.
                if (count > (ulong)_bytes.Left)
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
}
