using Microsoft.ML.MaskedDiffusion.Corpora.Packed;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>
/// Writes a text column as packed files, which appear when all of them are complete, so that nobody trains on half of them.
/// </summary>
internal static class PackedTokensExport
{
    /// <summary>What fills up a last file: the beginning of sequence, as published, where there is one.</summary>
    public static int Filler(TextTokenizer tokenizer) => tokenizer.BeginningOfSequenceId ?? tokenizer.EndOfSequenceId ?? 0;

    public static PackedTokensResult Run(IDataView data, TextTokenizer tokenizer, string folder, PackedTokensOptions options,
        CancellationToken cancellationToken)
    {
        options = options.Clone();
        options.Check();
        var reader = new TextColumnReader(data, InputColumn.Text("text", options.TextColumnName).Find(data.Schema, nameof(data)), "data");
        var packer = new CorpusPacker(tokenizer, options.Progress, TimeProvider.System);
        folder = Path.GetFullPath(folder);
        Directory.CreateDirectory(folder);
        RequireOwnPrefix(folder, options.Prefix);
        PackedTokensResult? result = null;
        AtomicFolder.AddFiles(folder, options.Prefix, aside =>
        {
            using var writer = new PackedFileWriter(
                aside, options.Prefix, options.TokensPerFile, tokenizer.VocabularySize, Filler(tokenizer));
            packer.Pack(reader.Read(cancellationToken), writer, cancellationToken, reader.TotalRowCount);
            writer.Complete();
            PackedLengths.Write(aside, options.Prefix, writer.FileCount, packer.TokenCount);
            long filling = writer.WrittenCount - packer.TokenCount;
            result = new PackedTokensResult(writer.FileCount, packer.DocumentCount, reader.EmptyRowCount, packer.TokenCount, filling);
        });
        return result!;
    }

    // Readers that take every file whose name begins with a prefix would read two corpora as one, whichever of the two prefixes is longer.
    private static void RequireOwnPrefix(string folder, string prefix)
    {
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            string name = Path.GetFileName(path);
            bool isSame = name.StartsWith(prefix, StringComparison.Ordinal) || name == PackedLengths.NameFor(prefix);
            if (isSame || (PackedFileWriter.PrefixOf(name) is { } other && prefix.StartsWith(other, StringComparison.Ordinal)))
            {
                throw new IOException($"The folder {folder} has the file {name}, and files of the prefix '{prefix}' would be read with it "
                    + "as one corpus. Remove it, or set the folder or Prefix to another; neither prefix may begin with the other.");
            }
        }
    }
}
