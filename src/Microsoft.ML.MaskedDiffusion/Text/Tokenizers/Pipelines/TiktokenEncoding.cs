using System.IO.Compression;
using System.Reflection;
using Microsoft.ML.MaskedDiffusion.Text.BytePair;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>What a .tiktoken file does not say: the pattern that splits text, the special tokens, and the end of a document.</summary>
internal sealed class TiktokenEncoding(string pattern, IReadOnlyDictionary<string, int> specialTokens, string? endOfSequence)
{
    private const string Packages = "Microsoft.ML.Tokenizers.Data.";

    private const string Cl100kPattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
        + @"\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string O200kPattern =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
        + @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
        + @"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly Dictionary<string, (string Package, TiktokenEncoding Encoding)> Known = new(StringComparer.Ordinal)
    {
        ["gpt2"] = ("Gpt2", Of(WordPattern.Pattern, ("<|endoftext|>", 50256))),
        ["r50k_base"] = ("R50kBase", Of(WordPattern.Pattern, ("<|endoftext|>", 50256))),
        ["p50k_base"] = ("P50kBase", Of(WordPattern.Pattern, ("<|endoftext|>", 50256))),
        ["cl100k_base"] = ("Cl100kBase", Of(Cl100kPattern, ("<|endoftext|>", 100257), ("<|fim_prefix|>", 100258),
            ("<|fim_middle|>", 100259), ("<|fim_suffix|>", 100260), ("<|endofprompt|>", 100276))),
        ["o200k_base"] = ("O200kBase", Of(O200kPattern, ("<|endoftext|>", 199999), ("<|endofprompt|>", 200018))),
    };

    /// <summary>The names of the encodings.</summary>
    public static IEnumerable<string> Names => Known.Keys;

    public IReadOnlyDictionary<string, int> SpecialTokens => specialTokens;

    /// <summary>The encoding of a name.</summary>
    /// <exception cref="ArgumentException">There is none of this name.</exception>
    public static TiktokenEncoding Find(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name, "encoding");
        return Known.TryGetValue(name, out var found) ? found.Encoding : throw new ArgumentException(
            $"encoding is '{name}'; it must be one of {string.Join(", ", Known.Keys)}. For others give the pattern and the special tokens.",
            "encoding");
    }

    /// <summary>The tokenizer of a file's content.</summary>
    public TextTokenizer Read(byte[] content, bool spelled = false) => TextTokenizer.FromFiles(new Dictionary<string, byte[]>
    {
        [TokenizerFiles.Tiktoken] = content,
        [TokenizerFiles.TiktokenSettings] = TiktokenReader.WriteSettings(pattern, specialTokens, endOfSequence, spelled),
    });

    /// <summary>The tokenizer of the file that a package of Microsoft holds.</summary>
    /// <exception cref="FileNotFoundException">The application does not refer to the package.</exception>
    public TextTokenizer ReadPackage(bool spelled = false)
    {
        (string name, var known) = Known.First(entry => ReferenceEquals(entry.Value.Encoding, this));
        Assembly package;
        try
        {
            package = Assembly.Load(Packages + known.Package);
        }
        catch (FileNotFoundException e)
        {
            throw new FileNotFoundException($"The encoding '{name}' lies in the package {Packages}{known.Package}, which this application "
                + "does not refer to. Add it, or give the file itself to TokenizerSource.FromTiktoken.", e);
        }
        using Stream stream = package.GetManifestResourceStream($"{name}.tiktoken.deflate")
            ?? throw new InvalidDataException($"The package {Packages}{known.Package} has no file {name}.tiktoken.deflate.");
        using var inflated = new DeflateStream(stream, CompressionMode.Decompress);
        using var content = new MemoryStream();
        inflated.CopyTo(content);
        return Read(content.ToArray(), spelled);
    }

    private static TiktokenEncoding Of(string pattern, params ReadOnlySpan<(string Token, int Id)> special)
    {
        var tokens = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((string token, int id) in special)
            tokens.Add(token, id);
        return new TiktokenEncoding(pattern, tokens, ByteLevelVocabulary.EndOfText);
    }
}
