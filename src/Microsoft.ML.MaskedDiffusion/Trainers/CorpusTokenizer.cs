using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>
/// Makes training blocks of text columns: in memory, or by way of a token folder, where a resumed run finds the tokens without opening the
/// data. Of a group of ranks the first one writes the token folder, and the others read it.
/// </summary>
internal sealed class CorpusTokenizer(TrainerOptions options, IChannel channel, IProgress<TrainingProgress> progress)
{
    private const string Train = "train", Validation = "validation", FolderBesideCheckpoints = "tokens";

    private readonly TokenizerSource _tokenizer = options.InitialModel is { } model
        ? TokenizerSource.FromTokenizer(model.Tokenizer) : options.Tokenizer;

    /// <summary>Reads the training data, and the validation data if there are any, unless their tokens are found.</summary>
    public TrainingCorpus Read(TextColumnReader training, TextColumnReader? validation, int blockLength)
    {
        string? folder = options.Checkpoints.TokenFolder
            ?? (options.Checkpoints.Folder is { } checkpoints ? Path.Combine(checkpoints, FolderBesideCheckpoints) : null);
        IProcessGroup group = options.ProcessGroup;
        if (folder is null)
            return group.Together(() => InMemory(training, validation, blockLength));
        if (options.Checkpoints.SharesTokens)
            return group.Together(() => InFolderOfOther(folder, training, validation, blockLength));
        TrainingCorpus? written = group.Together(() => group.IsFirst() ? InFolder(folder, training, validation, blockLength) : null);
        try
        {
            return group.Together(() => written ?? InFolderOfOther(folder, training, validation, blockLength));
        }
        catch
        {
            written?.Dispose();
            throw;
        }
    }

    /// <summary>The blocks of one text column, in memory.</summary>
    public ITokenBlocks ReadBlocks(TextColumnReader reader, TextTokenizer tokenizer, int blockLength) =>
        ReadBlocks(reader, Packer(tokenizer), tokenizer, blockLength);

    /// <summary>The tokenizer: given, the initial model's, or learned from all texts of the data.</summary>
    public TextTokenizer ResolveTokenizer(TextColumnReader training) =>
        _tokenizer.Resolve(() => training.ReadAll(options.CancellationToken), progress,
            options.CancellationToken);

    private CorpusPacker Packer(TextTokenizer tokenizer) => new(tokenizer, progress, TimeProvider.System);

    private ITokenBlocks ReadBlocks(TextColumnReader reader, CorpusPacker packer, TextTokenizer tokenizer, int blockLength)
    {
        var tokens = new TokenStorage(tokenizer.VocabularySize);
        packer.Pack(reader.Read(options.CancellationToken), tokens, options.CancellationToken, reader.TotalRowCount);
        return Blocks(reader.What, tokens, blockLength, packer.DocumentCount, reader.EmptyRowCount);
    }

    private TrainingCorpus InMemory(TextColumnReader training, TextColumnReader? validation, int blockLength)
    {
        TextTokenizer tokenizer = ResolveTokenizer(training);
        CorpusPacker packer = Packer(tokenizer);
        ITokenBlocks blocks = ReadBlocks(training, packer, tokenizer, blockLength);
        long documents = packer.DocumentCount;
        return new TrainingCorpus(tokenizer, blocks, validation is null ? null : ReadBlocks(validation, packer, tokenizer, blockLength))
        { Documents = documents, EmptyRows = training.EmptyRowCount };
    }

    private TrainingCorpus InFolder(string path, TextColumnReader training, TextColumnReader? validation, int blockLength)
    {
        var folder = new TokenFolder(path);
        try
        {
            (TokenManifest, TextTokenizer) tokens = Find(folder, training, validation) ?? Write(folder, training, validation);
            return Open(folder, tokens, training, validation, blockLength);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private TrainingCorpus InFolderOfOther(string path, TextColumnReader training, TextColumnReader? validation, int blockLength)
    {
        TokenFolder folder = TokenFolder.OfOther(path);
        (TokenManifest, TextTokenizer)? found = folder.Find(Source(training, validation));
        if (found is null && options.Checkpoints.SharesTokens)
        {
            throw new DirectoryNotFoundException(
                $"The tokens that this search has written to {folder.Packed} are gone. Go on with Resume, which makes them anew.");
        }
        return Open(folder, found ?? throw new DirectoryNotFoundException(
            $"Rank {options.ProcessGroup.Rank} does not find the tokens that rank 0 has written to {folder.Packed}. Set "
            + "Checkpoints.TokenFolder, or Checkpoints.Folder, to a folder on a drive that all ranks share."),
            training, validation, blockLength);
    }

    private TrainingCorpus Open(TokenFolder folder, (TokenManifest Manifest, TextTokenizer Tokenizer) found, TextColumnReader training,
        TextColumnReader? validation, int blockLength)
    {
        var held = new List<IDisposable>();
        ITokenBlocks OpenSplit(string prefix, string what)
        {
            PackedTokens tokens = folder.Open(found.Manifest, prefix, found.Tokenizer);
            held.Add(tokens);
            TokenSplit part = found.Manifest.Splits[prefix];
            return Blocks(what, tokens, blockLength, part.Documents, part.EmptyRows);
        }
        ITokenBlocks blocks = OpenSplit(Train, training.What);
        ITokenBlocks? measured = validation is null ? null : OpenSplit(Validation, validation.What);
        held.Add(folder);
        TokenSplit split = found.Manifest.Splits[Train];
        return new TrainingCorpus(found.Tokenizer, blocks, measured)
        { Documents = split.Documents, EmptyRows = split.EmptyRows, Held = held };
    }

    private (TokenManifest Manifest, TextTokenizer Tokenizer)? Find(
        TokenFolder folder, TextColumnReader training, TextColumnReader? validation)
    {
        if (!options.Checkpoints.Resume)
            return null;
        try
        {
            if (folder.Find(Source(training, validation)) is not { } found)
                return null;
            channel.Info(MessageSensitivity.None, "Tokens found in {0}; no text is read", folder.Packed);
            TokenSplit split = found.Manifest.Splits[Train];
            progress.Report(new TrainingProgress
            {
                Phase = TrainingPhase.Packing,
                Completed = split.Documents,
                Total = split.Documents,
                Documents = split.Documents,
                Tokens = split.Tokens,
            });
            return found;
        }
        catch (InvalidDataException error)
        {
            // The text can be read again. If it has changed, the check of the checkpoints says so.
            channel.Warning(MessageSensitivity.None, "The tokens are made anew, because those found cannot be used: {0}", error.Message);
            return null;
        }
    }

    private (TokenManifest Manifest, TextTokenizer Tokenizer) Write(
        TokenFolder folder, TextColumnReader training, TextColumnReader? validation)
    {
        folder.RequireReplaceable();
        TextTokenizer tokenizer = ResolveTokenizer(training);
        CorpusPacker packer = Packer(tokenizer);
        TokenSplit WriteSplit(string place, string prefix, TextColumnReader reader)
        {
            using var writer = new PackedFileWriter(
                place, prefix, PackedFileWriter.PublishedChunkSize, tokenizer.VocabularySize, PackedTokensExport.Filler(tokenizer));
            packer.Pack(reader.Read(options.CancellationToken), writer, options.CancellationToken, reader.TotalRowCount);
            return new TokenSplit(packer.TokenCount, packer.DocumentCount, reader.EmptyRowCount, writer.Complete());
        }
        TokenManifest manifest = folder.Replace(tokenizer, place =>
        {
            var splits = new SortedDictionary<string, TokenSplit>(StringComparer.Ordinal) { [Train] = WriteSplit(place, Train, training) };
            if (validation is not null)
                splits[Validation] = WriteSplit(place, Validation, validation);
            return new TokenManifest { Source = Source(training, validation), TokenizerHash = tokenizer.ContentHash, Splits = splits };
        });
        return (manifest, tokenizer);
    }

    // What decides about the tokens and is known before any text is read.
    private SortedDictionary<string, string> Source(TextColumnReader training, TextColumnReader? validation)
    {
        var source = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["TextColumnName"] = options.TextColumnName,
            ["Tokenizer"] = _tokenizer.Describe(),
            ["Training data"] = training.Describe(),
            ["Validation data"] = validation?.Describe() ?? "none",
        };
        if (options.Checkpoints.DataDescription is { } description)
            source["Data"] = description;
        return source;
    }

    private PackedBlocks Blocks(string what, ITokens tokens, int blockLength, long documents, long emptyRows)
    {
        var blocks = new PackedBlocks(tokens, blockLength);
        channel.Info(
            MessageSensitivity.None,
            "The {0}: {1:#,0} documents, {2:#,0} tokens in {3:#,0} blocks of {4} ({5} tokens of the start repeated to fill the last); "
            + "{6:#,0} rows without text left out",
            what, documents, blocks.TokenCount, blocks.Count, blocks.Length, blocks.RepeatedTokenCount, emptyRows);
        return blocks;
    }
}
