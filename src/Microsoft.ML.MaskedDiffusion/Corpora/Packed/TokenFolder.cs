using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// A folder in which a run keeps the tokens of its corpus: a folder "packed" with the packed files, the tokenizer and a manifest. That one
/// appears by a rename, when all of it is on the disk; what a killed process leaves behind begins with a dot and is removed by the next.
/// Held by one training at a time.
/// </summary>
internal sealed class TokenFolder : IDisposable
{
    private const string Whole = "packed";
    private readonly string _folder;
    private readonly FileStream _lock;

    /// <exception cref="IOException">Another training has the folder open.</exception>
    public TokenFolder(string folder)
    {
        _folder = Path.GetFullPath(folder);
        Directory.CreateDirectory(_folder);
        try
        {
            // The system lets go of it whichever way the process ends.
            _lock = new FileStream(Path.Combine(_folder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new IOException(
                $"The token folder {_folder} cannot be locked; another training may be using it. Wait for its end, or set Checkpoints.TokenFolder to another folder. ({error.Message})", error);
        }
        foreach (string left in new[] { Aside(".new"), Aside(".old") })
        {
            if (Directory.Exists(left))
                Directory.Delete(left, recursive: true);
        }
    }

    /// <summary>Where the packed files are.</summary>
    public string Packed => Path.Combine(_folder, Whole);

    /// <summary>The tokens that are there, or null where there are none.</summary>
    /// <exception cref="InvalidDataException">There are some, and they are damaged.</exception>
    /// <exception cref="InvalidOperationException">They are of another source; the message names every difference.</exception>
    public (TokenManifest Manifest, TextTokenizer Tokenizer)? Find(SortedDictionary<string, string> source)
    {
        if (!Directory.Exists(Packed))
            return null;
        TokenManifest manifest = TokenManifest.Read(Packed);
        if (RunFingerprint.Differences(manifest.Source, source, "in the token folder") is { Count: > 0 } differences)
            throw new InvalidOperationException(
                $"The tokens in {_folder} are of another training and cannot be used:\n  {string.Join("\n  ", differences)}\n" +
                "Give the data and tokenizer they were made with, or remove the folder to make them anew.");
        TextTokenizer tokenizer = ReadTokenizer();
        if (tokenizer.ContentHash != manifest.TokenizerHash)
            throw new InvalidDataException(
                $"{Packed}: the tokenizer's files are altered; their SHA-256 is {tokenizer.ContentHash}, written was {manifest.TokenizerHash}.");
        foreach (string prefix in manifest.Splits.Keys)
            Open(manifest, prefix, tokenizer).Dispose();
        return (manifest, tokenizer);
    }

    /// <summary>Puts what <paramref name="write"/> writes into the folder it is given in the place of what is there.</summary>
    public TokenManifest Replace(TextTokenizer tokenizer, Func<string, TokenManifest> write)
    {
        string aside = Aside(".new");
        Directory.CreateDirectory(aside);
        try
        {
            TokenManifest manifest = write(aside);
            foreach ((string name, byte[] content) in tokenizer.Files)
                WriteFile(Path.Combine(aside, name), content);
            WriteFile(Path.Combine(aside, TokenManifest.Name), manifest.Write());
            NativeFiles.FlushFolder(aside);
            if (Directory.Exists(Packed))
                Directory.Move(Packed, Aside(".old"));
            Directory.Move(aside, Packed);
            NativeFiles.FlushFolder(_folder);
            if (Directory.Exists(Aside(".old")))
                Directory.Delete(Aside(".old"), recursive: true);
            return manifest;
        }
        catch
        {
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
            throw;
        }
    }

    /// <summary>The tokens of a split, to be read while this folder is held.</summary>
    public PackedTokens Open(TokenManifest manifest, string prefix, TextTokenizer tokenizer)
    {
        TokenSplit split = manifest.Splits[prefix];
        try
        {
            return new PackedTokens(
                new PackedFiles(Packed, prefix), split.Tokens, tokenizer.VocabularySize, $"{split.Tokens} tokens, SHA-256 {split.Hash}");
        }
        catch (FileNotFoundException error)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    public void Dispose() => _lock.Dispose();

    private string Aside(string suffix) => Path.Combine(_folder, $".{Whole}{suffix}");

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

    private static void WriteFile(string path, byte[] content)
    {
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        stream.Write(content);
        stream.Flush(flushToDisk: true);
    }
}
