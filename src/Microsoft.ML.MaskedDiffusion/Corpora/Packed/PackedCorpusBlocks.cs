using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// The blocks of a packed corpus, numbered data set by data set and file by file. A block never continues in another file, and never holds
/// an id that only fills up a file. Not thread-safe.
/// </summary>
internal sealed class PackedCorpusBlocks : ITokenBlocks, IDisposable
{
    // So many ids of a file are enough to tell it from others and to notice another tokenizer before training begins.
    private const int SampleLength = 1024;

    private readonly PackedCorpusOptions _options;
    private readonly int _blockLength, _vocabularySize;
    private readonly int? _beginningOfSequence, _endOfSequence;
    private readonly List<BlockSet> _sets = [];

    /// <param name="options">The data sets and their order.</param>
    /// <param name="blockLength">Ids from one block's start to the next.</param>
    /// <param name="rowLength">Ids that training takes of a block, from its start.</param>
    /// <param name="vocabularySize">Every id must be below this number.</param>
    /// <param name="beginningOfSequence">The tokenizer's beginning of sequence, which may fill up files; null if there is none.</param>
    /// <param name="endOfSequence">The tokenizer's end of sequence, which may fill up files; null if there is none.</param>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, has ids that are not in the vocabulary, or is shorter than a block; or no file has as much text as a block.
    /// </exception>
    public PackedCorpusBlocks(PackedCorpusOptions options, int blockLength, int rowLength, int vocabularySize,
        int? beginningOfSequence = null, int? endOfSequence = null)
    {
        if (rowLength > blockLength)
        {
            throw new ArgumentOutOfRangeException(nameof(options), blockLength,
                $"BlockLength is {blockLength}; it must be at least {rowLength}, the number of ids that training takes of a block.");
        }
        (_options, _blockLength, Length, _vocabularySize) = (options, blockLength, rowLength, vocabularySize);
        (_beginningOfSequence, _endOfSequence) = (beginningOfSequence, endOfSequence);
        try
        {
            foreach (PackedSource source in options.Sources)
                Open(source);
            Identity = Describe();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Count { get; private set; }

    public int Length { get; }

    /// <summary>The number of ids that training takes of all blocks; those between them are not trained on.</summary>
    public long TokenCount => (long)Count * Length;

    /// <summary>How the files are cut and ordered, and a hash of their names, their sizes and samples of their ids.</summary>
    public string Identity { get; }

    public IBlockOrder Order(ulong seed)
    {
        bool published = _options.Order == PackedOrder.Published;
        if (!published && _options.Sources[0].Weight is null)
            return new BlockOrder(Count, seed);
        // Every data set has a seed of its own; otherwise sets of the same size would be in the same order.
        (IBlockOrder, int)[] orders = [.. _sets.Select((set, i) => (published
            ? set.Published(new PublishedOrder(
                set.Files.Paths.Count, set.BlocksPerFile, _options.FilesAtOnce, (uint)_options.PublishedSeed))
            : new BlockOrder(set.Count, seed + ((ulong)i << 32)), set.FirstBlock))];
        return new WeightedOrder(
            orders, [.. _options.Sources.Select(source => source.Weight ?? 1)], published ? (uint)_options.PublishedSeed : (uint)seed);
    }

    public void Read(int index, Span<long> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        BlockSet set = _sets.FindLast(set => set.FirstBlock <= index)!;
        (int file, int block) = set.Find(index - set.FirstBlock);
        set.Files.Read(file, (long)block * _blockLength, destination[..Length], _vocabularySize);
    }

    public void Dispose()
    {
        foreach (BlockSet set in _sets)
            set.Files.Dispose();
    }

    private void Open(PackedSource source)
    {
        var files = new PackedFiles(source.Folder, source.Prefix);
        try
        {
            Add(source, files);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    private void Add(PackedSource source, PackedFiles files)
    {
        long blocksPerFile = files.Header.ChunkSize / _blockLength;
        if (blocksPerFile == 0)
            throw new InvalidDataException(
                $"{files.Paths[0]}: a file of {files.Header.ChunkSize} ids holds no block of {_blockLength} ids.");
        if (Count + blocksPerFile * files.Paths.Count > int.MaxValue)
        {
            throw new InvalidDataException($"{source.Folder}: the corpus has more than {int.MaxValue} blocks of {_blockLength} ids. "
                + "Use longer blocks, or fewer files.");
        }
        long? text = PackedLengths.Find(source, files);
        long[] lengths = [.. Enumerable.Range(0, files.Paths.Count).Select(file => TextLength(files, file, text))];
        var set = new BlockSet(files, (int)blocksPerFile, [.. lengths.Select(length => (int)(length / _blockLength))], Count);
        _sets.Add(set);
        if (set.Count == 0)
        {
            throw new InvalidDataException($"{source.Folder}: the files '{source.Prefix}*' hold {lengths.Sum()} ids of text, in no file as "
                + $"many as the {_blockLength} of a block; the rest only fills up the files. Take a shorter context, or write the files "
                + "from more text.");
        }
        Count += set.Count;
    }

    // Where the number of ids of text in all files is known, all files but the last are full.
    private long TextLength(PackedFiles files, int file, long? text) =>
        text is { } known
            ? Math.Clamp(known - file * files.Header.ChunkSize, 0, files.Header.ChunkSize)
            : files.TextLength(file, _beginningOfSequence, _endOfSequence, _vocabularySize);

    private string Describe()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var sample = new long[SampleLength];
        foreach (PackedFiles files in _sets.Select(set => set.Files))
        {
            long chunk = files.Header.ChunkSize;
            Span<long> ids = sample.AsSpan(0, (int)Math.Min(sample.Length, chunk));
            for (int file = 0; file < files.Paths.Count; file++)
            {
                string name = Path.GetFileName(files.Paths[file]);
                hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name}\n{chunk}\n")));
                foreach (long start in (ReadOnlySpan<long>)[0, (chunk - ids.Length) / 2, chunk - ids.Length])
                {
                    files.Read(file, start, ids, _vocabularySize);
                    hash.AppendData(MemoryMarshal.AsBytes(ids));
                }
            }
        }
        // Checkpoints hold this text, so its wording must not change.
        CultureInfo culture = CultureInfo.InvariantCulture;
        string sets = string.Join(", ", _sets.Select((set, i) => Describe(set.Files.Paths.Count, _options.Sources[i])));
        string order = _options.Order == PackedOrder.Published
            ? string.Create(culture, $"published order ({_options.FilesAtOnce} files at once, seed {_options.PublishedSeed})")
            : "shuffled";
        string digest = Convert.ToHexStringLower(hash.GetHashAndReset());
        return string.Create(culture, $"{Count} blocks of {Length} tokens every {_blockLength} in packed files: {sets}; {order}; ")
            + $"SHA-256 of samples {digest}";
    }

    private static string Describe(int fileCount, PackedSource source)
    {
        string weight = source.Weight?.ToString(CultureInfo.InvariantCulture) ?? "none";
        return string.Create(CultureInfo.InvariantCulture, $"{fileCount} files '{source.Prefix}' of weight {weight}");
    }

    /// <summary>The blocks of one data set.</summary>
    private sealed class BlockSet
    {
        // The index of each file's first block, and after them the number of all blocks.
        private readonly int[] _first;

        public BlockSet(PackedFiles files, int blocksPerFile, int[] textBlocks, int firstBlock)
        {
            (Files, BlocksPerFile, FirstBlock) = (files, blocksPerFile, firstBlock);
            _first = new int[textBlocks.Length + 1];
            for (int file = 0; file < textBlocks.Length; file++)
                _first[file + 1] = _first[file] + textBlocks[file];
        }

        public PackedFiles Files { get; }

        /// <summary>The number of blocks that a file has room for.</summary>
        public int BlocksPerFile { get; }

        /// <summary>The index of the set's first block in the corpus.</summary>
        public int FirstBlock { get; }

        /// <summary>The number of blocks of text.</summary>
        public int Count => _first[^1];

        /// <summary>The file of a block, and the block's number in the file.</summary>
        public (int File, int Block) Find(int index)
        {
            int found = Array.BinarySearch(_first, index);
            int file = found >= 0 ? found : ~found - 1;
            // Files without a block of text begin where the next one does.
            while (_first[file + 1] == _first[file])
                file++;
            return (file, index - _first[file]);
        }

        /// <summary>The published order, without the blocks that only fill up files.</summary>
        public IBlockOrder Published(PublishedOrder order) =>
            Count == BlocksPerFile * Files.Paths.Count ? order : new TextBlockOrder(order, index =>
            {
                (int file, int block) = Math.DivRem(index, BlocksPerFile);
                return block < _first[file + 1] - _first[file] ? _first[file] + block : null;
            });
    }
}
