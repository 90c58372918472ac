using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// Writes token ids as packed corpus files `{prefix}_{counter:0000000000}.bin` of one chunk each, on which both this library and the Python
/// system can train. Documents continue from file to file; the last chunk is filled up. Memory: one chunk. The files appear one after the
/// other, so the folder should be one of <see cref="AtomicFolder"/>. Not thread-safe.
/// </summary>
internal sealed class PackedFileWriter : ITokenSink, IDisposable
{
    /// <summary>The number of ids in a file of SMDM: 1,024 blocks of 2,049.</summary>
    public const int PublishedChunkSize = 2049 * 1024;

    private readonly string _folder, _prefix;
    private readonly PackedFileHeader _header;
    private readonly byte[] _bytes;
    private readonly int _vocabularySize, _filler;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _used;

    /// <param name="folder">An existing or new folder.</param>
    /// <param name="prefix">The beginning of every file name.</param>
    /// <param name="chunkSize">The number of ids in a file, at least 1.</param>
    /// <param name="vocabularySize">Every id is below this number, which decides on the width of an id.</param>
    /// <param name="filler">The id that fills up the last file.</param>
    public PackedFileWriter(string folder, string prefix, int chunkSize, int vocabularySize, int filler)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)filler, (uint)vocabularySize, nameof(filler));
        (_folder, _prefix, _vocabularySize, _filler) = (folder, prefix, vocabularySize, filler);
        _header = new PackedFileHeader(PackedFileHeader.IdBytesFor(vocabularySize), chunkSize);
        _bytes = new byte[PackedFileHeader.Size + chunkSize * (long)_header.IdBytes];
        _header.Write(_bytes);
        Directory.CreateDirectory(folder);
    }

    /// <summary>Whether a packed file of a prefix may have this name: the prefix, "_", ten digits and ".bin".</summary>
    public static bool IsNameOf(string name, string prefix) =>
        name.Length == prefix.Length + 15 && name.StartsWith(prefix, StringComparison.Ordinal) && name[prefix.Length] == '_'
        && name.EndsWith(".bin", StringComparison.Ordinal) && !name.AsSpan(name.Length - 14, 10).ContainsAnyExceptInRange('0', '9');

    /// <summary>The prefix of a packed file's name; null where no packed file has such a name.</summary>
    public static string? PrefixOf(string name) => name.Length > 15 && IsNameOf(name, name[..^15]) ? name[..^15] : null;

    /// <summary>The number of files written so far.</summary>
    public int FileCount { get; private set; }

    /// <summary>The number of ids in them, including those that fill up the last one.</summary>
    public long WrittenCount => FileCount * _header.ChunkSize;

    public void Append(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)_vocabularySize)
                throw new ArgumentOutOfRangeException(nameof(ids), id, $"A token id must be in 0..{_vocabularySize - 1}.");
            Append(id);
            if (_used == _header.ChunkSize)
                WriteFile();
        }
    }

    /// <summary>
    /// Fills up and writes the last file if it is partly filled, and returns the SHA-256 of the bytes of all files in lower-case
    /// hexadecimal digits.
    /// </summary>
    public string Complete()
    {
        if (_used > 0)
        {
            FillUp();
            WriteFile();
        }
        return Convert.ToHexStringLower(_hash.GetCurrentHash());
    }

    public void Dispose() => _hash.Dispose();

    private void Append(int id)
    {
        Span<byte> place = _bytes.AsSpan((int)(PackedFileHeader.Size + _used++ * _header.IdBytes));
        if (_header.IdBytes == 2)
            BinaryPrimitives.WriteUInt16LittleEndian(place, (ushort)id);
        else
            BinaryPrimitives.WriteInt32LittleEndian(place, id);
    }

    // Each copy doubles what is filled.
    private void FillUp()
    {
        Span<byte> rest = _bytes.AsSpan((int)(PackedFileHeader.Size + _used * _header.IdBytes));
        Append(_filler);
        int filled = _header.IdBytes;
        while (filled < rest.Length)
        {
            int count = Math.Min(filled, rest.Length - filled);
            rest[..count].CopyTo(rest[filled..]);
            filled += count;
        }
    }

    private void WriteFile()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{_prefix}_{FileCount:0000000000}.bin");
        DurableFiles.Create(Path.Combine(_folder, name), stream => stream.Write(_bytes));
        _hash.AppendData(_bytes);
        FileCount++;
        _used = 0;
    }
}
