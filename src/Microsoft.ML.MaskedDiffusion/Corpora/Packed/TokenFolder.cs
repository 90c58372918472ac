using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// A folder in which a run keeps the tokens of its corpus. In it, a folder "packed" holds the packed files, the tokenizer and a manifest;
/// it appears by a rename when all of it is on the disk. One training at a time writes in the folder; it removes what killed trainings left
/// in it.
/// </summary>
internal sealed class TokenFolder : IDisposable
{
    private readonly string _folder;
    private readonly FolderLock? _lock;

    /// <exception cref="IOException">Another training has the folder open.</exception>
    public TokenFolder(string folder)
        : this(Path.GetFullPath(folder), isOwn: true)
    {
    }

    private TokenFolder(string folder, bool isOwn)
    {
        _folder = folder;
        _lock = isOwn ? new FolderLock(_folder, "token folder", "Checkpoints.TokenFolder") : null;
    }

    /// <summary>
    /// A folder to which another rank, or the search of this training, has written the tokens. Here they are read, by many at once.
    /// </summary>
    public static TokenFolder OfOther(string folder) => new(Path.GetFullPath(folder), isOwn: false);

    /// <summary>The path of the packed files.</summary>
    public string Packed => Path.Combine(_folder, "packed");

    /// <summary>The tokens that are there, or null if there are none.</summary>
    /// <exception cref="InvalidDataException">There are tokens, but they are damaged.</exception>
    /// <exception cref="InvalidOperationException">The tokens are of another source; the message names every difference.</exception>
    public (TokenManifest Manifest, TextTokenizer Tokenizer)? Find(SortedDictionary<string, string> source)
    {
        if (!Directory.Exists(Packed))
            return null;
        TokenManifest manifest = TokenManifest.Read(Packed);
        if (RecordedSettings.Differences(manifest.Source, source, "in the token folder") is { Count: > 0 } differences)
        {
            throw new InvalidOperationException($"The tokens in {_folder} are of another training and cannot be used:\n  "
                + string.Join("\n  ", differences)
                + "\nGive the data and tokenizer that they were made with, or remove the folder to make them anew. A run with checkpoints "
                + "goes on with its own data alone: with others, begin a new one in another folder.");
        }
        TextTokenizer tokenizer = ReadTokenizer();
        if (tokenizer.ContentHash != manifest.TokenizerHash)
        {
            throw new InvalidDataException($"{Packed}: the tokenizer's files are altered; their SHA-256 is {tokenizer.ContentHash}, "
                + $"but {manifest.TokenizerHash} was written.");
        }
        foreach (string prefix in manifest.Splits.Keys)
            Open(manifest, prefix, tokenizer).Dispose();
        return (manifest, tokenizer);
    }

    /// <summary>Refuses, before hours of reading, a folder whose content <see cref="Replace"/> would refuse.</summary>
    /// <exception cref="IOException">Something else than such tokens is there.</exception>
    public void RequireReplaceable() => AtomicFolder.RequireReplaceable(Packed, FindOurs);

    /// <summary>
    /// Replaces the tokens that are there. <paramref name="write"/> writes the packed files into the folder that it is given and returns
    /// the manifest.
    /// </summary>
    /// <exception cref="IOException">
    /// The disk refuses, or something else than such tokens is there; what was there is unchanged.
    /// </exception>
    public TokenManifest Replace(TextTokenizer tokenizer, Func<string, TokenManifest> write)
    {
        TokenManifest? manifest = null;
        AtomicFolder.Write(Packed, FindOurs, folder =>
        {
            manifest = write(folder);
            foreach ((string name, byte[] content) in tokenizer.Files)
                DurableFiles.Create(Path.Combine(folder, name), stream => stream.Write(content));
            string[] files = [.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
            manifest = manifest with { Files = files };
            DurableFiles.Create(Path.Combine(folder, TokenManifest.Name), stream => stream.Write(manifest.Write()));
        });
        return manifest!;
    }

    /// <summary>The tokens of a split, which can be read as long as this folder is held.</summary>
    public PackedTokens Open(TokenManifest manifest, string prefix, TextTokenizer tokenizer)
    {
        TokenSplit split = manifest.Splits[prefix];
        try
        {
            string identity = $"{split.Tokens} tokens, SHA-256 {split.Hash}";
            return new PackedTokens(new PackedFiles(Packed, prefix), split.Tokens, tokenizer.VocabularySize, identity);
        }
        catch (FileNotFoundException error)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    public void Dispose() => _lock?.Dispose();

    private static OwnFiles FindOurs(string folder)
    {
        try
        {
            TokenManifest manifest = TokenManifest.Read(folder);
            // Manifests of the first builds do not list the files, but they name the splits.
            IEnumerable<string> files = manifest.Files ?? Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)).Where(
                name => TokenizerFiles.IsKnown(name) || manifest.Splits.Keys.Any(prefix => PackedFileWriter.IsNameOf(name, prefix)));
            return new OwnFiles([.. files, TokenManifest.Name]);
        }
        catch (InvalidDataException error)
        {
            return OwnFiles.None(error.Message);
        }
    }

    private TextTokenizer ReadTokenizer()
    {
        try
        {
            return TextTokenizer.FromFile(Packed);
        }
        catch (FileNotFoundException error)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }
}
