using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// The order in which SMDM's data loader gives the blocks of packed files to the only process of a training. The files are shuffled by
/// Python's `random` with the seed; <c>filesAtOnce</c> of them are opened together and their blocks permuted by NumPy's
/// `default_rng(seed)`. When fewer files remain, it starts again with the first ones, and the generator continues. Blocks are numbered file
/// by file, in the order of the files before the shuffle. Memory: 4 bytes for each block of the open files. Not thread-safe.
/// </summary>
internal sealed class PublishedOrder : IBlockOrder
{
    private readonly int[] _files;
    private readonly int _filesAtOnce, _blocksPerFile;
    private readonly uint _seed;
    private NumPyGenerator _generator;
    private long _generation = -1;
    private int[] _order = [];

    /// <param name="fileCount">The number of files.</param>
    /// <param name="blocksPerFile">The number of blocks in each.</param>
    /// <param name="filesAtOnce">The number of files whose blocks are mixed: 8 for SMDM's training, 1 for its validation.</param>
    /// <param name="seed">The seed of both shuffles; SMDM's is 3407.</param>
    /// <exception cref="ArgumentException">There are fewer files than are mixed.</exception>
    public PublishedOrder(int fileCount, int blocksPerFile, int filesAtOnce, uint seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(filesAtOnce, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(blocksPerFile, 1);
        if (fileCount < filesAtOnce)
        {
            throw new ArgumentException($"{filesAtOnce} packed files are read at once, but the number of files is {fileCount}. "
                + "Write more files or read fewer at once.", nameof(fileCount));
        }
        _files = [.. Enumerable.Range(0, fileCount)];
        new PythonRandom(seed).Shuffle<int>(_files);
        (_filesAtOnce, _blocksPerFile, _seed) = (filesAtOnce, blocksPerFile, seed);
        _generator = new NumPyGenerator(seed);
    }

    public int this[long position]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(position);
            int blocks = _filesAtOnce * _blocksPerFile;
            long generation = position / blocks;
            MoveTo(generation);
            (int file, int block) = Math.DivRem(_order[position % blocks], _blocksPerFile);
            long first = generation % (_files.Length / _filesAtOnce) * _filesAtOnce;
            return _files[first + file] * _blocksPerFile + block;
        }
    }

    private void MoveTo(long generation)
    {
        if (generation < _generation)
        {
            _generator = new NumPyGenerator(_seed);
            _generation = -1;
        }
        int blocks = _filesAtOnce * _blocksPerFile;
        // The permutations of the generations in between are drawn too, because each takes its part of the generator's stream.
        for (; _generation < generation; _generation++)
            _order = _generator.Permutation(blocks);
    }
}
