using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// A corpus of token ids in packed "LITPKDS" files, as <c>SavePackedTokens</c> of this library and the data scripts of the Python system
/// write them. The ids are not held in memory; each training opens the files for itself. Immutable and thread-safe.
/// </summary>
public sealed class PackedCorpus
{
    private readonly PackedCorpusOptions _options;

    internal PackedCorpus(PackedCorpusOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Clone();
        _options.Check();
        foreach (PackedSource source in _options.Sources)
        {
            using var files = new PackedFiles(source.Folder, source.Prefix);
            if (_options.Order == PackedOrder.Published && files.Paths.Count < _options.FilesAtOnce)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(options), _options.FilesAtOnce, $"FilesAtOnce is {_options.FilesAtOnce}; it must be "
                    + $"at most {files.Paths.Count}, the number of files in '{source.Folder}' whose names begin with '{source.Prefix}'.");
            }
            FileCount += files.Paths.Count;
            TokenCount += files.Paths.Count * files.Header.ChunkSize;
        }
    }

    /// <summary>The number of files.</summary>
    public int FileCount { get; }

    /// <summary>The number of token ids in the files, including those that fill up a last file.</summary>
    public long TokenCount { get; }

    /// <summary>The number of files and of ids, for people.</summary>
    /// <returns>For example "8 packed files of 16,785,408 tokens".</returns>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{FileCount} packed files of {TokenCount:#,0} tokens");

    /// <summary>
    /// Opens the files for the training of a network, in rows of <paramref name="rowLength"/> ids, without the ids that fill up files.
    /// </summary>
    internal PackedCorpusBlocks Open(int contextLength, int rowLength, TextTokenizer tokenizer) =>
        new(_options, _options.BlockLength ?? contextLength + 1, rowLength, tokenizer.VocabularySize, tokenizer.BeginningOfSequenceId,
            tokenizer.EndOfSequenceId);
}
