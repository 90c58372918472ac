using System.Buffers.Binary;
using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Training.Packed;

/// <summary>
/// Writes tokenized documents as packed corpus files `{prefix}_{counter:0000000000}.bin` of one chunk each, which both this library and the Python system
/// train on. Documents run on from file to file; the last chunk is filled up with the separator. Files are written aside and renamed. Not thread-safe.
/// </summary>
internal sealed class PackedFileWriter
{
    private readonly string _folder, _prefix;
    private readonly PackedFileHeader _header;
    private readonly byte[] _bytes;
    private readonly int _vocabularySize, _separatorId;
    private long _used;
    private int _counter;

    /// <param name="folder">An existing or new folder.</param>
    /// <param name="prefix">Begins every file's name.</param>
    /// <param name="chunkSize">Ids in a file. SMDM uses 2049 x 1024.</param>
    /// <param name="vocabularySize">Decides the width of an id.</param>
    /// <param name="separatorId">Fills the unused end of the last file.</param>
    public PackedFileWriter(string folder, string prefix, int chunkSize, int vocabularySize, int separatorId)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)separatorId, (uint)vocabularySize, nameof(separatorId));
        (_folder, _prefix, _vocabularySize, _separatorId) = (folder, prefix, vocabularySize, separatorId);
        _header = new PackedFileHeader(PackedFileHeader.IdBytesFor(vocabularySize), chunkSize);
        _bytes = new byte[PackedFileHeader.Size + chunkSize * (long)_header.IdBytes];
        _header.Write(_bytes);
        Directory.CreateDirectory(folder);
    }

    /// <summary>The files written so far.</summary>
    public int FileCount => _counter;

    public void Add(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)_vocabularySize)
                throw new ArgumentOutOfRangeException(nameof(ids), id, $"A token id must lie in 0..{_vocabularySize - 1}.");
            Append(id);
            if (_used == _header.ChunkSize)
                WriteFile();
        }
    }

    /// <summary>Fills up and writes the last, partly filled file, if there is one.</summary>
    public void Complete()
    {
        if (_used == 0)
            return;
        while (_used < _header.ChunkSize)
            Append(_separatorId);
        WriteFile();
    }

    private void Append(int id)
    {
        Span<byte> place = _bytes.AsSpan((int)(PackedFileHeader.Size + _used++ * _header.IdBytes));
        if (_header.IdBytes == 2)
            BinaryPrimitives.WriteUInt16LittleEndian(place, (ushort)id);
        else
            BinaryPrimitives.WriteInt32LittleEndian(place, id);
    }

    private void WriteFile()
    {
        string path = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{_prefix}_{_counter:0000000000}.bin"));
        using (FileStream stream = new(path + ".tmp", FileMode.Create, FileAccess.Write))
        {
            stream.Write(_bytes);
            stream.Flush(flushToDisk: true);
        }
        File.Move(path + ".tmp", path, overwrite: true);
        _counter++;
        _used = 0;
    }
}
