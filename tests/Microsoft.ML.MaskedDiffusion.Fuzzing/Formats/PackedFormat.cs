using System.Buffers.Binary;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>Packed files of token ids, all of whose blocks are read.</summary>
internal sealed class PackedFormat : FuzzFormat
{
    private const int BlockLength = 8, ChunkSizeAt = 16;

    public override string Name => "packed";

    public override (IReadOnlyList<byte[]> Inputs, Func<byte[], FileSet> FilesOf)? Guided =>
        ([Seeds[1]["train_0000000000.bin"]], input => new FileSet { ["train_0000000000.bin"] = input });

    public override void Open(string folder)
    {
        PackedCorpus corpus = Formats.Seeds.Context.MaskedDiffusion().LoadPackedTokens(folder);
        using PackedCorpusBlocks blocks = corpus.Open(BlockLength - 1, BlockLength, Formats.Seeds.Model.Tokenizer);
        var ids = new long[BlockLength];
        for (int i = 0; i < blocks.Count; i++)
            blocks.Read(i, ids);
    }

    protected override IReadOnlyList<FileSet> MakeSeeds()
    {
        var options = new PackedTokensOptions { TokensPerFile = 64 };
        FileSet ours = Formats.Seeds.Written(folder => Formats.Seeds.Context.MaskedDiffusion().SavePackedTokens(
            Formats.Seeds.View(Formats.Seeds.Texts), Formats.Seeds.Model.Tokenizer, folder, options));
        // The Python system writes the same files without the one that says how many ids are text.
        var theirs = new FileSet(ours);
        theirs.Remove(PackedLengths.NameFor("train"));
        return [ours, theirs];
    }

    // There are no hashes; what the header says of the file's length is made true.
    protected override void Seal(FileSet files)
    {
        foreach ((string name, byte[] content) in files.ToList())
        {
            if (!name.EndsWith(".bin", StringComparison.Ordinal) || content.Length < PackedFileHeader.Size)
                continue;
            byte[] sealedContent = [.. content];
            int width = content[ChunkSizeAt - 1] == 4 ? 4 : 2;
            BinaryPrimitives.WriteInt64LittleEndian(sealedContent.AsSpan(ChunkSizeAt), (content.Length - PackedFileHeader.Size) / width);
            files[name] = sealedContent;
        }
    }
}
