using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>Names of tokenizer files, and the search for them from a path.</summary>
internal static class TokenizerFiles
{
    public const string SentencePiece = "tokenizer.model";
    public const string HuggingFace = "tokenizer.json";
    public const string Tiktoken = "tokenizer.tiktoken";
    public const string TiktokenSettings = "tiktoken.json";
    public const string Vocabulary = "vocab.json";
    public const string Merges = "merges.txt";
    public const string WordPiece = "vocab.txt";
    public const string SpecialTokens = "special_tokens_map.json";
    public const string Config = "tokenizer_config.json";
    public const string ChatTemplate = "chat_template.jinja";
    public const string AddedTokens = "added_tokens.json";

    /// <summary>The most bytes that a tokenizer file may have.</summary>
    public const long MaximumLength = 256L << 20;

    /// <summary>
    /// The highest id that a token may have. Tables of tokens have a place for every id, so that one id in a small file could take all
    /// memory; the largest published vocabularies have a million.
    /// </summary>
    public const int MaximumId = 1 << 22;

    /// <summary>What stands beside a vocabulary and is kept with it.</summary>
    public static readonly string[] Settings = [SpecialTokens, Config, ChatTemplate];

    /// <summary>What stands beside a SentencePiece model, and says how conversations are written with it.</summary>
    public static readonly string[] SentencePieceSettings = [.. Settings, AddedTokens];

    private const string Expected =
        $"Expected a SentencePiece file (*.model), Hugging Face's {HuggingFace}, {Tiktoken} with {TiktokenSettings} beside it, "
        + $"{Vocabulary} or {Merges} of a byte-level BPE vocabulary with the other beside it, {WordPiece} of a WordPiece vocabulary, or a "
        + "folder with one of these.";

    /// <summary>Whether a tokenizer is kept in a file of this name.</summary>
    public static bool IsKnown(string name) => name is SentencePiece or HuggingFace or Tiktoken or TiktokenSettings or Vocabulary or Merges
        or WordPiece or SpecialTokens or Config or ChatTemplate or AddedTokens;

    public static Dictionary<string, byte[]> Read(string path)
    {
        if (Directory.Exists(path))
            return ReadFolder(path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no tokenizer at '{path}'. {Expected}", path);
        if (path.EndsWith(SentencePiece, StringComparison.OrdinalIgnoreCase))
            return ReadWithSettings(path[..^SentencePiece.Length], SentencePiece, path, SentencePieceSettings);
        if (path.EndsWith(".model", StringComparison.OrdinalIgnoreCase))
            return new() { [SentencePiece] = ReadFile(path) };
        if (path.EndsWith(".tiktoken", StringComparison.OrdinalIgnoreCase))
            return ReadTiktoken(path);
        foreach (string name in (string[])[HuggingFace, WordPiece])
        {
            if (path.EndsWith(name, StringComparison.OrdinalIgnoreCase))
                return ReadWithSettings(path[..^name.Length], name, path, Settings);
        }
        foreach (string name in (string[])[Vocabulary, Merges])
        {
            // A prefix is kept: my-vocab.json belongs to my-merges.txt.
            if (path.EndsWith(name, StringComparison.OrdinalIgnoreCase))
                return ReadPair(path[..^name.Length]);
        }
        throw new InvalidDataException($"'{path}' does not have the name of a tokenizer file. {Expected}");
    }

    /// <summary>What a tokenizer keeps of the files that it is given: its own one, and what stands beside it.</summary>
    /// <param name="files">The files.</param>
    /// <param name="name">Its own one, which is among them.</param>
    /// <param name="settings">The names of what may stand beside it.</param>
    public static Dictionary<string, byte[]> Kept(IReadOnlyDictionary<string, byte[]> files, string name, string[] settings) =>
        settings.Prepend(name).Where(files.ContainsKey).ToDictionary(kept => kept, kept => files[kept]);

    /// <summary>Refuses a file that is too long to be a tokenizer's.</summary>
    public static void CheckLength(string name, long length)
    {
        if (length > MaximumLength)
        {
            throw new InvalidDataException($"Tokenizer file '{name}' has {length} bytes, and at most {MaximumLength} (256 MB) are read. "
                + "Is it a tokenizer's?");
        }
    }

    private static Dictionary<string, byte[]> ReadFolder(string folder)
    {
        string prefix = Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar;
        if (File.Exists(prefix + SentencePiece))
            return ReadWithSettings(prefix, SentencePiece, prefix + SentencePiece, SentencePieceSettings);
        if (File.Exists(prefix + HuggingFace))
            return ReadWithSettings(prefix, HuggingFace, prefix + HuggingFace, Settings);
        if (File.Exists(prefix + Tiktoken))
            return ReadTiktoken(prefix + Tiktoken);
        if (File.Exists(prefix + Vocabulary) || File.Exists(prefix + Merges))
            return ReadPair(prefix);
        if (File.Exists(prefix + WordPiece))
            return ReadWithSettings(prefix, WordPiece, prefix + WordPiece, Settings);
        throw new FileNotFoundException($"There is no tokenizer in the folder '{folder}'. {Expected}", prefix + SentencePiece);
    }

    private static Dictionary<string, byte[]> ReadWithSettings(string prefix, string name, string path, string[] settings)
    {
        var files = new Dictionary<string, byte[]> { [name] = ReadFile(path) };
        foreach (string other in settings)
        {
            if (File.Exists(prefix + other))
                files[other] = ReadFile(prefix + other);
        }
        return files;
    }

    private static Dictionary<string, byte[]> ReadTiktoken(string path)
    {
        string settings = Path.Combine(Path.GetDirectoryName(path) ?? "", TiktokenSettings);
        if (!File.Exists(settings))
        {
            throw new InvalidDataException($"'{path}' does not say by which pattern text is split and which special tokens there are. "
                + "Give these with TokenizerSource.FromTiktoken(path, encoding) or (path, pattern, specialTokens).");
        }
        return new() { [Tiktoken] = ReadFile(path), [TiktokenSettings] = ReadFile(settings) };
    }

    private static Dictionary<string, byte[]> ReadPair(string prefix)
    {
        var files = new Dictionary<string, byte[]>();
        foreach (string name in (string[])[Vocabulary, Merges])
        {
            string file = prefix + name;
            files[name] = File.Exists(file) ? ReadFile(file) : throw new FileNotFoundException(
                $"A byte-level BPE vocabulary is two files, {Vocabulary} and {Merges}; '{file}' is missing.", file);
        }
        if (File.Exists(prefix + SpecialTokens))
            files[SpecialTokens] = ReadFile(prefix + SpecialTokens);
        byte[]? config = File.Exists(prefix + Config) ? ReadFile(prefix + Config) : null;
        if (config is not null && TextTokenizer.Located(() => QwenFiles.IsNamedIn(config), prefix))
        {
            byte[] tokenizer = TextTokenizer.Located(() => QwenFiles.TokenizerJson(files[Vocabulary], files[Merges], config), prefix);
            files.Remove(Vocabulary);
            files.Remove(Merges);
            (files[HuggingFace], files[Config]) = (tokenizer, config);
            if (File.Exists(prefix + ChatTemplate))
                files[ChatTemplate] = ReadFile(prefix + ChatTemplate);
            return files;
        }
        if (File.Exists(prefix + HuggingFace))
            Gpt2Check.TokenizerJson(ReadFile(prefix + HuggingFace), prefix + HuggingFace);
        if (config is not null)
            Gpt2Check.TokenizerConfig(config, prefix + Config);
        return files;
    }

    /// <summary>The content of a file that is not too long.</summary>
    public static byte[] ReadFile(string path)
    {
        CheckLength(path, FileLength.Of(path));
        return File.ReadAllBytes(path);
    }
}
