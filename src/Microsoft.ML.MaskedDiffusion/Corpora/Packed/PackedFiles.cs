using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// The packed files of one folder and prefix, in the ordinal order of their names, all with the same chunk size and id width. Memory: the
/// bytes of one read. At most <see cref="OpenFiles"/> files are open at a time. A file that is cut off while it is read is an error, not a
/// crash. Not thread-safe.
/// </summary>
internal sealed class PackedFiles : IDisposable
{
    private const int OpenFiles = 256;

    private readonly string[] _paths;
    private readonly Dictionary<int, SafeFileHandle> _open = [];
    private byte[] _bytes = [];

    /// <summary>Finds the files and compares every header with the length of its file.</summary>
    /// <exception cref="FileNotFoundException">There is no such folder, or no such file in it.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is not a packed corpus file, is cut off, or differs from the first in chunk size or id width.
    /// </exception>
    public PackedFiles(string folder, string prefix)
    {
        folder = Path.GetFullPath(folder);
        _paths = Directory.Exists(folder) ? FilesOf(folder, prefix) : [];
        if (_paths.Length == 0)
        {
            throw new FileNotFoundException(Directory.Exists(folder)
                ? $"The folder '{folder}' has no file whose name begins with '{prefix}'. "
                    + $"Packed files have names such as {prefix}_0000000000.bin."
                : $"There is no folder '{folder}' with packed files.", folder);
        }
        Array.Sort(_paths, StringComparer.Ordinal);
        Header = ReadHeader(_paths[0]);
        foreach (string path in _paths.Skip(1))
        {
            if (ReadHeader(path) != Header)
            {
                throw new InvalidDataException(
                    $"{path}: its chunk size or id width differs from {_paths[0]}; files of one prefix must be alike.");
            }
        }
    }

    /// <summary>The header that all files have.</summary>
    public PackedFileHeader Header { get; }

    /// <summary>The paths of the files in order.</summary>
    public IReadOnlyList<string> Paths => _paths;

    /// <summary>Copies ids out of a file.</summary>
    /// <param name="file">The file's index in <see cref="Paths"/>.</param>
    /// <param name="start">The index of the first id in the file.</param>
    /// <param name="destination">Is filled completely.</param>
    /// <param name="vocabularySize">Every id must be below this number.</param>
    /// <exception cref="InvalidDataException">An id is not in the vocabulary, or the file has become shorter.</exception>
    public void Read(int file, long start, Span<long> destination, int vocabularySize)
    {
        int length = destination.Length * Header.IdBytes;
        long offset = PackedFileHeader.Size + start * Header.IdBytes;
        if (_bytes.Length < length)
            _bytes = new byte[length];
        ReadBytes(file, offset, _bytes.AsSpan(0, length));
        for (int i = 0; i < destination.Length; i++)
        {
            ReadOnlySpan<byte> bytes = _bytes.AsSpan(i * Header.IdBytes);
            uint id = Header.IdBytes == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            if (id >= (uint)vocabularySize)
            {
                throw new InvalidDataException($"{_paths[file]}, byte {offset + i * Header.IdBytes}: token id {(int)id} is not in "
                    + $"0..{vocabularySize - 1}, the ids of the tokenizer. Give the tokenizer that the files were made with; "
                    + "if it is that one, the file is damaged.");
            }
            destination[i] = id;
        }
    }

    /// <summary>
    /// The number of ids of a file that are text. A file that was not filled with text to its end was filled up with one id, the
    /// tokenizer's beginning or end of sequence, over and over: a run of two or more of them at the end is no text. Of a run of ends of
    /// sequence the first belongs to the last document.
    /// </summary>
    /// <param name="file">The file's index in <see cref="Paths"/>.</param>
    /// <param name="beginningOfSequence">The tokenizer's beginning of sequence, or null.</param>
    /// <param name="endOfSequence">The tokenizer's end of sequence, or null.</param>
    /// <param name="vocabularySize">Every id must be below this number.</param>
    public long TextLength(int file, int? beginningOfSequence, int? endOfSequence, int vocabularySize)
    {
        var ids = new long[Math.Min(Header.ChunkSize, 1 << 14)];
        long start = Header.ChunkSize, filler = -1;
        while (start > 0)
        {
            Span<long> part = ids.AsSpan(0, (int)Math.Min(ids.Length, start));
            Read(file, start - part.Length, part, vocabularySize);
            if (filler < 0)
                filler = part[^1];
            if (filler != beginningOfSequence && filler != endOfSequence)
                return Header.ChunkSize;
            int last = part.LastIndexOfAnyExcept(filler);
            start -= part.Length - 1 - last;
            if (last >= 0)
                break;
        }
        if (Header.ChunkSize - start < 2)
            return Header.ChunkSize;
        return filler == endOfSequence && start > 0 ? start + 1 : start;
    }

    public void Dispose()
    {
        foreach (SafeFileHandle handle in _open.Values)
            handle.Dispose();
        _open.Clear();
    }

    // Files of the Python system are all those whose names begin with the prefix. Where this library wrote a prefix, it is the whole one.
    private static string[] FilesOf(string folder, string prefix)
    {
        bool isOurs = File.Exists(Path.Combine(folder, PackedLengths.NameFor(prefix)));
        return [.. Directory.EnumerateFiles(folder).Where(path => Path.GetFileName(path) is var name
            && (isOurs ? PackedFileWriter.IsNameOf(name, prefix) : name.StartsWith(prefix, StringComparison.Ordinal)))];
    }

    private void ReadBytes(int file, long offset, Span<byte> bytes)
    {
        if (!_open.TryGetValue(file, out SafeFileHandle? handle))
        {
            if (_open.Count == OpenFiles)
                Dispose();
            _open[file] = handle = File.OpenHandle(_paths[file], options: FileOptions.RandomAccess);
        }
        while (bytes.Length > 0)
        {
            int read = RandomAccess.Read(handle, bytes, offset);
            if (read == 0)
                throw new InvalidDataException(
                    $"{_paths[file]}: the file ends at byte {offset}; it has become shorter since it was opened.");
            bytes = bytes[read..];
            offset += read;
        }
    }

    private static PackedFileHeader ReadHeader(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        Span<byte> bytes = stackalloc byte[PackedFileHeader.Size];
        int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return PackedFileHeader.Read(bytes[..read], stream.Length, path);
    }
}
