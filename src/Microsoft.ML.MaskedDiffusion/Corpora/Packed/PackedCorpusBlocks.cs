using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// The blocks of a packed corpus, numbered data set by data set and file by file. A block never continues in another file. Not thread-safe.
/// </summary>
internal sealed class PackedCorpusBlocks : ITokenBlocks, IDisposable
{
    // So many ids of a file are enough to tell it from others and to notice another tokenizer before training begins.
    private const int SampleLength = 1024;

    private readonly PackedCorpusOptions _options;
    private readonly int _blockLength, _vocabularySize;
    private readonly List<(PackedFiles Files, int BlocksPerFile, int FirstBlock, int Count)> _sets = [];

    /// <param name="options">The data sets and their order.</param>
    /// <param name="blockLength">Ids from one block's start to the next.</param>
    /// <param name="rowLength">Ids that training takes of a block, from its start.</param>
    /// <param name="vocabularySize">Every id must be below this number.</param>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, has ids that are not in the vocabulary, or is shorter than a block.
    /// </exception>
    public PackedCorpusBlocks(PackedCorpusOptions options, int blockLength, int rowLength, int vocabularySize)
    {
        if (rowLength > blockLength)
        {
            throw new ArgumentOutOfRangeException(nameof(options), blockLength,
                $"BlockLength is {blockLength}; it must be at least {rowLength}, the number of ids that training takes of a block.");
        }
        (_options, _blockLength, Length, _vocabularySize) = (options, blockLength, rowLength, vocabularySize);
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
            ? (IBlockOrder)new PublishedOrder(set.Files.Paths.Count, set.BlocksPerFile, _options.FilesAtOnce, (uint)_options.PublishedSeed)
            : new BlockOrder(set.Count, seed + ((ulong)i << 32)), set.FirstBlock))];
        return new WeightedOrder(
            orders, [.. _options.Sources.Select(source => source.Weight ?? 1)], published ? (uint)_options.PublishedSeed : (uint)seed);
    }

    public void Read(int index, Span<long> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        (PackedFiles files, int blocksPerFile, int firstBlock, _) = _sets.FindLast(set => set.FirstBlock <= index);
        (int file, int block) = Math.DivRem(index - firstBlock, blocksPerFile);
        files.Read(file, (long)block * _blockLength, destination[..Length], _vocabularySize);
    }

    public void Dispose()
    {
        foreach ((PackedFiles files, _, _, _) in _sets)
            files.Dispose();
    }

    private void Open(PackedSource source)
    {
        var files = new PackedFiles(source.Folder, source.Prefix);
        long blocksPerFile = files.Header.ChunkSize / _blockLength, count = blocksPerFile * files.Paths.Count;
        if (blocksPerFile == 0)
            throw new InvalidDataException(
                $"{files.Paths[0]}: a file of {files.Header.ChunkSize} ids holds no block of {_blockLength} ids.");
        if (Count + count > int.MaxValue)
        {
            throw new InvalidDataException($"{source.Folder}: the corpus has more than {int.MaxValue} blocks of {_blockLength} ids. "
                + "Use longer blocks, or fewer files.");
        }
        _sets.Add((files, (int)blocksPerFile, Count, (int)count));
        Count += (int)count;
    }

    private string Describe()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var sample = new long[SampleLength];
        foreach ((PackedFiles files, _, _, _) in _sets)
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
}
