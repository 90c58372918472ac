using Microsoft.ML.MaskedDiffusion.Corpora.Packed;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How a text column is written as packed tokens.</summary>
public sealed class PackedTokensOptions
{
    /// <summary>The text column, one document a row. Default "Text". Rows without any text are left out.</summary>
    public string TextColumnName { get; set; } = "Text";

    /// <summary>
    /// How the files' names begin: {prefix}_0000000000.bin and so on. In a folder with other packed files, neither prefix may begin with
    /// the other. Default "train".
    /// </summary>
    public string Prefix { get; set; } = "train";

    /// <summary>
    /// Token ids in a file, 2 to 500,000,000. Default 2,098,176, which are 1,024 blocks of 2,049, as published. The last file is filled up
    /// with the beginning of sequence, or the end of sequence where the tokenizer has no beginning; these ids are never trained on. Nor is
    /// what does not fill a block at a file's end: take a multiple of the block length.
    /// </summary>
    public int TokensPerFile { get; set; } = PackedFileWriter.PublishedChunkSize;

    /// <summary>Receives progress, on the calling thread. Default null.</summary>
    public IProgress<TrainingProgress>? Progress { get; set; }

    internal PackedTokensOptions Clone() => (PackedTokensOptions)MemberwiseClone();

    internal void Check()
    {
        OptionCheck.RequireColumnName(TextColumnName);
        OptionCheck.RequireText(Prefix, nameof(Prefix), "the beginning of a file name");
        bool isFileName = Prefix[0] != '.' && Prefix.IndexOfAny(Path.GetInvalidFileNameChars()) < 0;
        OptionCheck.Require(isFileName, nameof(Prefix), Prefix, "the beginning of a file name, without a dot before it");
        OptionCheck.Require(TokensPerFile is >= 2 and <= 500_000_000, nameof(TokensPerFile), TokensPerFile, "2 to 500000000");
    }
}
