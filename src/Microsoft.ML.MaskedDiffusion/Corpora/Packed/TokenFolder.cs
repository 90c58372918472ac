using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// A folder in which a run keeps the tokens of its corpus. In it, a folder "packed" holds the packed files, the tokenizer and a manifest;
/// it appears by a rename when all of it is on the disk. One training at a time holds the folder; it removes what killed trainings left in
/// it.
/// </summary>
internal sealed class TokenFolder : IDisposable
{
    private readonly string _folder;
    private readonly FolderLock _lock;

    /// <exception cref="IOException">Another training has the folder open.</exception>
    public TokenFolder(string folder)
    {
        _folder = Path.GetFullPath(folder);
        _lock = new FolderLock(_folder, "token folder", "Checkpoints.TokenFolder");
    }

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
                + "\nGive the data and tokenizer that they were made with, or remove the folder to make them anew.");
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

    /// <summary>
    /// Replaces the tokens that are there. <paramref name="write"/> writes the packed files into the folder that it is given and returns
    /// the manifest.
    /// </summary>
    /// <exception cref="IOException">The disk refuses; the tokens that were there are unchanged.</exception>
    public TokenManifest Replace(TextTokenizer tokenizer, Func<string, TokenManifest> write)
    {
        TokenManifest? manifest = null;
        AtomicFolder.Write(Packed, IsOurs, folder =>
        {
            manifest = write(folder);
            foreach ((string name, byte[] content) in tokenizer.Files)
                DurableFiles.Create(Path.Combine(folder, name), stream => stream.Write(content));
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

    public void Dispose() => _lock.Dispose();

    private static bool IsOurs(string name) =>
        name == TokenManifest.Name || TokenizerFiles.IsKnown(name) || PackedFileWriter.IsNameOf(name);

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
