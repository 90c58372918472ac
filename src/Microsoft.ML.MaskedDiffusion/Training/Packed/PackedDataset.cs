using System.IO.MemoryMappedFiles;
using Microsoft.ML.MaskedDiffusion.Numerics;

namespace Microsoft.ML.MaskedDiffusion.Training.Packed;

/// <summary>
/// The blocks of packed corpus files in the order SMDM's data loader gives them: files sorted, then shuffled by Python's `random` (seed); rank r of W takes
/// every W-th; <c>filesAtOnce</c> of them are opened together and their blocks permuted by NumPy's `default_rng(seed + rank)`. When fewer than that remain it
/// starts over, the generator running on. A block's place in this endless order is one number, so a run resumes without reading what came before.
/// Memory: the open files are mapped, and the permutation takes 4 bytes a block. Not thread-safe.
/// </summary>
internal sealed class PackedDataset : IDisposable
{
    private readonly string[] _files;
    private readonly int _filesAtOnce, _blockLength, _blocksPerFile, _rank;
    private readonly uint _seed;
    private readonly bool _shuffle;
    private readonly PackedFileHeader _header;
    private readonly MemoryMappedViewAccessor?[] _open;
    private NumPyGenerator _generator;
    private long _generation = -1;
    private int[] _order = [];

    /// <param name="files">The files of one split, before shuffling.</param>
    /// <param name="filesAtOnce">Files whose blocks are mixed: 8 for SMDM's training, 1 for its validation.</param>
    /// <param name="blockLength">Ids in a block: SMDM reads 2049 and trains the MDM on the first 2048.</param>
    /// <param name="seed">Seed of both shuffles; SMDM's is 3407.</param>
    /// <param name="shuffle">False keeps the blocks of the open files in order (the files themselves stay shuffled).</param>
    /// <param name="rank">This process's number.</param>
    /// <param name="world">Number of processes.</param>
    public PackedDataset(IEnumerable<string> files, int filesAtOnce, int blockLength, uint seed = 3407, bool shuffle = true, int rank = 0, int world = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(filesAtOnce, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockLength, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)rank, (uint)world, nameof(rank));
        string[] shuffled = [.. files.Order(StringComparer.Ordinal)];
        new PythonRandom(seed).Shuffle<string>(shuffled);
        _files = [.. shuffled.Take(shuffled.Length / world * world).Where((_, i) => i % world == rank)];
        if (_files.Length < filesAtOnce)
            throw new ArgumentException($"{filesAtOnce} packed files are read at once, but rank {rank} of {world} has {_files.Length}. Write more files or read fewer at once.", nameof(files));
        (_filesAtOnce, _blockLength, _seed, _shuffle, _rank) = (filesAtOnce, blockLength, seed, shuffle, rank);
        _header = ReadHeader(_files[0]);
        _blocksPerFile = checked((int)(_header.ChunkSize / blockLength));
        if (_blocksPerFile == 0)
            throw new InvalidDataException($"{_files[0]}: a file of {_header.ChunkSize} ids holds no block of {blockLength}.");
        _open = new MemoryMappedViewAccessor?[filesAtOnce];
        _generator = new NumPyGenerator(seed + (ulong)rank);
    }

    /// <summary>Copies the block at <paramref name="position"/> of the endless order, its first <c>destination.Length</c> ids.</summary>
    public void Read(long position, Span<long> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        if (destination.Length > _blockLength)
            throw new ArgumentException($"A block has {_blockLength} ids, {destination.Length} were asked for.", nameof(destination));
        int blocks = _filesAtOnce * _blocksPerFile;
        MoveTo(position / blocks);
        int block = _order[position % blocks];
        MemoryMappedViewAccessor view = _open[block / _blocksPerFile]!;
        long start = PackedFileHeader.Size + (long)(block % _blocksPerFile) * _blockLength * _header.IdBytes;
        for (int i = 0; i < destination.Length; i++)
            destination[i] = _header.IdBytes == 2 ? view.ReadUInt16(start + 2L * i) : view.ReadInt32(start + 4L * i);
    }

    public void Dispose() => Close();

    private void MoveTo(long generation)
    {
        if (generation == _generation)
            return;
        if (generation < _generation)
        {
            _generator = new NumPyGenerator(_seed + (ulong)_rank);
            _generation = -1;
        }
        // The permutations of the generations passed over are drawn, their files stay closed.
        for (; _generation < generation; _generation++)
            _order = _shuffle ? _generator.Permutation(_filesAtOnce * _blocksPerFile) : [.. Enumerable.Range(0, _filesAtOnce * _blocksPerFile)];
        Close();
        long first = generation % (_files.Length / _filesAtOnce) * _filesAtOnce;
        for (int i = 0; i < _filesAtOnce; i++)
            _open[i] = Open(_files[first + i]);
    }

    private MemoryMappedViewAccessor Open(string path)
    {
        if (ReadHeader(path) != _header)
            throw new InvalidDataException($"{path}: its chunk size or id width differs from {_files[0]}; files of one split must agree.");
        using var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, 0, MemoryMappedFileAccess.Read);
        return file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    private void Close()
    {
        foreach (MemoryMappedViewAccessor? view in _open)
            view?.Dispose();
        Array.Clear(_open);
    }

    private static PackedFileHeader ReadHeader(string path)
    {
        using FileStream stream = File.OpenRead(path);
        Span<byte> bytes = stackalloc byte[PackedFileHeader.Size];
        int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return PackedFileHeader.Read(bytes[..read], stream.Length, path);
    }
}
