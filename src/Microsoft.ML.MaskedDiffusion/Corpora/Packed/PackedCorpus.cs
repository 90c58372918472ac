using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// A corpus of token ids in packed "LITPKDS" files, as <c>SavePackedTokens</c> here and the data scripts of the Python system write them.
/// Nothing of it is held in memory; each training opens the files for itself. Immutable and safe for several threads.
/// </summary>
public sealed class PackedCorpus
{
    private readonly PackedCorpusOptions _options;

    internal PackedCorpus(PackedCorpusOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Clone();
        _options.Validate();
        foreach (PackedSource source in _options.Sources)
        {
            using var files = new PackedFiles(source.Folder, source.Prefix);
            if (_options.Order == PackedOrder.Published && files.Paths.Count < _options.FilesAtOnce)
                throw new ArgumentOutOfRangeException(
                    nameof(options), _options.FilesAtOnce,
                    $"FilesAtOnce is {_options.FilesAtOnce}; it must be at most {files.Paths.Count}, the files of '{source.Folder}' that begin with '{source.Prefix}'.");
            FileCount += files.Paths.Count;
            TokenCount += files.Paths.Count * files.Header.ChunkSize;
        }
    }

    /// <summary>Number of files.</summary>
    public int FileCount { get; }

    /// <summary>Token ids in the files, those that fill up a last file among them.</summary>
    public long TokenCount { get; }

    /// <summary>The number of files and ids.</summary>
    /// <returns>Such as "8 packed files of 16,785,408 tokens".</returns>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{FileCount} packed files of {TokenCount:#,0} tokens");

    /// <summary>Opens the files to train on, for a network of the given context, in rows of <paramref name="rowLength"/> ids.</summary>
    internal PackedCorpusBlocks Open(int contextLength, int rowLength, int vocabularySize) =>
        new(_options, _options.BlockLength ?? contextLength + 1, rowLength, vocabularySize);
}
