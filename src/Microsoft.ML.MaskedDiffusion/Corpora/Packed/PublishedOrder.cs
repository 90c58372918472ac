using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// The order in which SMDM's data loader gives the blocks of packed files: the files shuffled by Python's `random` (seed); rank r of W
/// takes every W-th;
/// <c>filesAtOnce</c> of them are opened together and their blocks permuted by NumPy's `default_rng(seed + rank)`. When fewer than that
/// remain it starts over, the generator running on. A block is numbered file by file, in the files' order before the shuffle. Takes 4 bytes
/// for each block of the open files. Not thread-safe.
/// </summary>
internal sealed class PublishedOrder : IBlockOrder
{
    private readonly int[] _files;
    private readonly int _filesAtOnce, _blocksPerFile, _rank;
    private readonly uint _seed;
    private readonly bool _shuffle;
    private NumPyGenerator _generator;
    private long _generation = -1;
    private int[] _order = [];

    /// <param name="fileCount">Number of files.</param>
    /// <param name="blocksPerFile">Blocks in each.</param>
    /// <param name="filesAtOnce">Files whose blocks are mixed: 8 for SMDM's training, 1 for its validation.</param>
    /// <param name="seed">Seed of both shuffles; SMDM's is 3407.</param>
    /// <param name="shuffle">False keeps the blocks of the open files in order (the files themselves stay shuffled).</param>
    /// <param name="rank">This process's number.</param>
    /// <param name="world">Number of processes.</param>
    public PublishedOrder(int fileCount, int blocksPerFile, int filesAtOnce, uint seed, bool shuffle = true, int rank = 0, int world = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(filesAtOnce, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(blocksPerFile, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)rank, (uint)world, nameof(rank));
        int[] shuffled = [.. Enumerable.Range(0, fileCount)];
        new PythonRandom(seed).Shuffle<int>(shuffled);
        _files = [.. shuffled.Take(fileCount / world * world).Where((_, i) => i % world == rank)];
        if (_files.Length < filesAtOnce)
            throw new ArgumentException(
                $"{filesAtOnce} packed files are read at once, but rank {rank} of {world} has {_files.Length}. Write more files or read fewer at once.", nameof(fileCount));
        (_filesAtOnce, _blocksPerFile, _seed, _shuffle, _rank) = (filesAtOnce, blocksPerFile, seed, shuffle, rank);
        _generator = new NumPyGenerator(seed + (ulong)rank);
    }

    public int this[long sequence]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(sequence);
            int blocks = _filesAtOnce * _blocksPerFile;
            long generation = sequence / blocks;
            MoveTo(generation);
            (int file, int block) = Math.DivRem(_order[sequence % blocks], _blocksPerFile);
            long first = generation % (_files.Length / _filesAtOnce) * _filesAtOnce;
            return _files[first + file] * _blocksPerFile + block;
        }
    }

    private void MoveTo(long generation)
    {
        if (generation < _generation)
        {
            _generator = new NumPyGenerator(_seed + (ulong)_rank);
            _generation = -1;
        }
        // The permutations of the generations passed over are drawn too: each takes its part of the generator's stream.
        for (; _generation < generation; _generation++)
            _order = _shuffle ? _generator.Permutation(_filesAtOnce * _blocksPerFile)
                : [.. Enumerable.Range(0, _filesAtOnce * _blocksPerFile)];
    }
}
