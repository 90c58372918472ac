using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Reproduce.Experiments.Common;

/// <summary>Reads tables of integers in NumPy's file format .npy, versions 1 to 3, one row at a time.</summary>
internal static partial class NumpyTable
{
    // The magic, and two bytes of the version.
    private const int MagicLength = 6, PreambleLength = 8;

    // Headers of tables have some 100 characters.
    private const int MostHeaderLength = 1 << 16;

    private static readonly byte[] Magic = [0x93, .. "NUMPY"u8];

    /// <summary>The rows of a table with so many columns.</summary>
    /// <exception cref="InvalidDataException">The file is no such table, or ends early; the message says what was expected.</exception>
    public static IEnumerable<long[]> Read(string path, int columns)
    {
        using FileStream file = File.OpenRead(path);
        (char kind, int size, long rows) = ReadHeader(file, path, columns);
        byte[] bytes = new byte[size * columns];
        for (long row = 0; row < rows; row++)
        {
            if (file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
                throw new InvalidDataException($"{path} ends in row {row} of {rows}; it is cut off. Get it anew.");
            yield return [.. Enumerable.Range(0, columns).Select(column => Number(bytes.AsSpan(column * size, size), kind))];
        }
    }

    private static (char Kind, int Size, long Rows) ReadHeader(FileStream file, string path, int columns)
    {
        byte[] preamble = Take(PreambleLength);
        if (!preamble.AsSpan(0, MagicLength).SequenceEqual(Magic))
            throw Other("it does not begin as one");
        bool isFirstVersion = preamble[MagicLength] == 1;
        byte[] length = Take(isFirstVersion ? sizeof(ushort) : sizeof(uint));
        uint headerLength = isFirstVersion
            ? BinaryPrimitives.ReadUInt16LittleEndian(length) : BinaryPrimitives.ReadUInt32LittleEndian(length);
        if (headerLength > MostHeaderLength)
            throw Other($"its header has {headerLength} bytes");
        string header = Encoding.Latin1.GetString(Take((int)headerLength));
        Match match = Header().Match(header);
        if (!match.Success)
            throw Other($"its header is {header.Trim()}");
        if (int.Parse(match.Groups["columns"].Value, CultureInfo.InvariantCulture) != columns)
            throw Other($"it has {match.Groups["columns"].Value} columns");
        return (match.Groups["kind"].Value[0], match.Groups["size"].Value[0] - '0',
            long.Parse(match.Groups["rows"].Value, CultureInfo.InvariantCulture));

        byte[] Take(int count)
        {
            byte[] bytes = new byte[count];
            return file.ReadAtLeast(bytes, count, throwOnEndOfStream: false) == count ? bytes : throw Other("it ends in its header");
        }

        InvalidDataException Other(string found) =>
            new($"{path} is no NumPy table of integers with {columns} columns, rows first, low bytes first: {found}. Get it anew.");
    }

    private static long Number(ReadOnlySpan<byte> bytes, char kind) => (kind, bytes.Length) switch
    {
        ('i', 1) => (sbyte)bytes[0],
        ('u', 1) => bytes[0],
        ('i', 2) => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        ('u', 2) => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        ('i', 4) => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        ('u', 4) => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        _ => BinaryPrimitives.ReadInt64LittleEndian(bytes),
    };

    [GeneratedRegex(@"'descr': '[<|](?<kind>[iu])(?<size>[1248])', 'fortran_order': False, 'shape': \((?<rows>\d+), (?<columns>\d+)\)")]
    private static partial Regex Header();
}
