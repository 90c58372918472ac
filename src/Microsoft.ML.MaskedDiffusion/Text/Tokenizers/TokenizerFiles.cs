
namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>Names of tokenizer files, and the search for them from a path.</summary>
internal static class TokenizerFiles
{
    public const string SentencePiece = "tokenizer.model";
    public const string Vocabulary = "vocab.json";
    public const string Merges = "merges.txt";
    public const string SpecialTokens = "special_tokens_map.json";

    private const string Expected =
        $"Expected a SentencePiece file (*.model), {Vocabulary} or {Merges} of a byte-level BPE vocabulary with the other "
        + "beside it, or a folder with either.";

    /// <summary>Whether a tokenizer is kept in a file of this name.</summary>
    public static bool IsKnown(string name) => name is SentencePiece or Vocabulary or Merges or SpecialTokens;

    public static Dictionary<string, byte[]> Read(string path)
    {
        if (Directory.Exists(path))
            return ReadFolder(path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no tokenizer at '{path}'. {Expected}", path);
        if (path.EndsWith(".model", StringComparison.OrdinalIgnoreCase))
            return new() { [SentencePiece] = File.ReadAllBytes(path) };
        foreach (string name in (string[])[Vocabulary, Merges])
        {
            // A prefix is kept: my-vocab.json belongs to my-merges.txt.
            if (path.EndsWith(name, StringComparison.OrdinalIgnoreCase))
                return ReadPair(path[..^name.Length]);
        }
        throw new InvalidDataException($"'{path}' does not have the name of a tokenizer file. {Expected}");
    }

    private static Dictionary<string, byte[]> ReadFolder(string folder)
    {
        string model = Path.Combine(folder, SentencePiece);
        if (File.Exists(model))
            return new() { [SentencePiece] = File.ReadAllBytes(model) };
        if (File.Exists(Path.Combine(folder, Vocabulary)) || File.Exists(Path.Combine(folder, Merges)))
            return ReadPair(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar);
        throw new FileNotFoundException($"There is no tokenizer in the folder '{folder}'. {Expected}", model);
    }

    private static Dictionary<string, byte[]> ReadPair(string prefix)
    {
        var files = new Dictionary<string, byte[]>();
        foreach (string name in (string[])[Vocabulary, Merges])
        {
            string file = prefix + name;
            files[name] = File.Exists(file) ? File.ReadAllBytes(file) : throw new FileNotFoundException(
                $"A byte-level BPE vocabulary is two files, {Vocabulary} and {Merges}; '{file}' is missing.", file);
        }
        if (File.Exists(prefix + SpecialTokens))
            files[SpecialTokens] = File.ReadAllBytes(prefix + SpecialTokens);
        return files;
    }
}
