using System.Text;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Text.Patterns;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>
/// Reads the steps of Hugging Face's tokenizer.json. A kind of step that is not known is refused by its name, never passed over: without
/// it the ids would be others. Padding and truncation are not part of encoding here and are passed over.
/// </summary>
internal static class PipelineReader
{
    public static TokenizerPipeline Read(JsonElement root)
    {
        var file = new JsonNode(root, "it");
        ITokenModel model = TokenModelReader.Read(new JsonNode(file.Child("model").Element, "model"));
        ITextNormalizer? normalizer = file.Has("normalizer") ? Normalizer(Named(file, "normalizer")) : null;
        IPreTokenizer? preTokenizer = file.Has("pre_tokenizer") ? PreTokenizer(Named(file, "pre_tokenizer")) : null;
        ITokenDecoder decoder = file.Has("decoder") ? Decoder(Named(file, "decoder")) : new SpaceDecoder();
        return new TokenizerPipeline(Added(file, model), normalizer, preTokenizer, model, decoder);
    }

    private static JsonNode Named(JsonNode file, string name) => new(file.Child(name).Element, name);

    // The library numbers added tokens itself where the model does not have them; the file must say the same.
    private static List<AddedToken> Added(JsonNode file, ITokenModel model)
    {
        var tokens = new List<AddedToken>();
        if (!file.Has("added_tokens"))
            return tokens;
        var contents = new HashSet<string>(StringComparer.Ordinal);
        int next = model.Vocabulary.Count;
        foreach (JsonNode node in file.Children("added_tokens"))
        {
            var token = new AddedToken(node.Number("id"), node.Text("content"))
            {
                Special = node.Flag("special", false),
                Normalized = node.Flag("normalized", false),
                SingleWord = node.Flag("single_word", false),
                LeftStrip = node.Flag("lstrip", false),
                RightStrip = node.Flag("rstrip", false),
            };
            if (token.Content.Length == 0 || !contents.Add(token.Content))
                throw node.Bad($"is the token '{TextExcerpt.Of(token.Content)}', which is empty or there twice");
            bool inModel = model.Vocabulary.TryGetValue(token.Content, out int id);
            if (!inModel)
                id = next;
            if (id != token.Id)
            {
                throw node.Bad(
                    $"gives the token '{TextExcerpt.Of(token.Content)}' the id {token.Id}, but its place in the vocabulary gives it {id}");
            }
            // The highest id of the tokens so far and one, or the size of the model's vocabulary if that is more.
            next = Math.Max(next, id + 1);
            tokens.Add(token);
        }
        return tokens;
    }

    private static ITextNormalizer Normalizer(JsonNode node)
    {
        switch (node.Kind)
        {
            case "Sequence":
                return new NormalizerSequence([.. node.Children("normalizers").Select(Normalizer)]);
            case "NFC":
                return new UnicodeFormNormalizer(compatibility: false, compose: true);
            case "NFD":
                return new UnicodeFormNormalizer(compatibility: false, compose: false);
            case "NFKC":
                return new UnicodeFormNormalizer(compatibility: true, compose: true);
            case "NFKD":
                return new UnicodeFormNormalizer(compatibility: true, compose: false);
            case "Lowercase":
                return new LowercaseNormalizer();
            case "Prepend":
                return new PrependNormalizer(node.Text("prepend"));
            case "Strip":
                return new StripNormalizer(node.Flag("strip_left", true), node.Flag("strip_right", true));
            case "StripAccents":
                return new StripAccentsNormalizer();
            case "Replace":
                return Replacement(node);
            case "BertNormalizer":
                bool lowercase = node.Flag("lowercase", true);
                return new BertNormalizer(node.Flag("clean_text", true), node.Flag("handle_chinese_chars", true),
                    node.Flag("strip_accents", lowercase), lowercase);
            case "Precompiled":
                return new CharacterMapNormalizer(CharacterMapOf(node));
            default:
                throw node.Unsupported("BertNormalizer, Lowercase, NFC, NFD, NFKC, NFKD, Precompiled, Prepend, Replace, Sequence, Strip, "
                    + "StripAccents");
        }
    }

    private static ITextNormalizer Replacement(JsonNode node)
    {
        JsonNode pattern = node.Child("pattern");
        string content = node.Text("content", "");
        if (pattern.Has("Regex"))
            return new PatternNormalizer(Pattern(pattern.Child("Regex")), content);
        string found = pattern.Text("String");
        return found.Length > 0 ? new ReplaceNormalizer(found, content) : throw pattern.Bad("is empty");
    }

    private static CharacterMap CharacterMapOf(JsonNode node)
    {
        try
        {
            return CharacterMap.Read(Convert.FromBase64String(node.Text("precompiled_charsmap")));
        }
        catch (FormatException e)
        {
            throw node.Bad($"has no precompiled_charsmap that can be read: {e.Message.TrimEnd('.')}");
        }
    }

    private static IPreTokenizer PreTokenizer(JsonNode node)
    {
        switch (node.Kind)
        {
            case "Sequence":
                return new PreTokenizerSequence([.. node.Children("pretokenizers").Select(PreTokenizer)]);
            case "ByteLevel":
                return new ByteLevelPreTokenizer(node.Flag("add_prefix_space", true), node.Flag("use_regex", true));
            case "Split":
                return Split(node);
            case "Metaspace":
                return Metaspace(node);
            case "Digits":
                return new SplitPreTokenizer(SplitPreTokenizer.Characters(CharacterClasses.IsNumber),
                    node.Flag("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous);
            case "Punctuation":
                return new SplitPreTokenizer(SplitPreTokenizer.Characters(CharacterClasses.IsPunctuation), Behavior(node, "Isolated"));
            case "Whitespace":
                return new SplitPreTokenizer(CharacterClasses.WordsAndSigns, SplitBehavior.Removed, invert: true);
            case "WhitespaceSplit":
                return new SplitPreTokenizer(SplitPreTokenizer.Characters(Rune.IsWhiteSpace), SplitBehavior.Removed);
            case "BertPreTokenizer":
                return Bert();
            default:
                throw node.Unsupported("BertPreTokenizer, ByteLevel, Digits, Metaspace, Punctuation, Sequence, Split, Whitespace, "
                    + "WhitespaceSplit");
        }
    }

    /// <summary>BERT's way of cutting: at white space, and around each sign of punctuation.</summary>
    public static IPreTokenizer Bert() => new PreTokenizerSequence(
    [
        new SplitPreTokenizer(SplitPreTokenizer.Characters(Rune.IsWhiteSpace), SplitBehavior.Removed),
        new SplitPreTokenizer(SplitPreTokenizer.Characters(CharacterClasses.IsPunctuation), SplitBehavior.Isolated),
    ]);

    private static SplitPreTokenizer Split(JsonNode node)
    {
        JsonNode pattern = node.Child("pattern");
        SplitBehavior behavior = Behavior(node, null);
        bool invert = node.Flag("invert", false);
        if (pattern.Has("Regex"))
            return new SplitPreTokenizer(Pattern(pattern.Child("Regex")).Matches, behavior, invert);
        string found = pattern.Text("String");
        return found.Length > 0
            ? new SplitPreTokenizer(SplitPreTokenizer.Literal(found), behavior, invert) : throw pattern.Bad("is empty");
    }

    private static SplitBehavior Behavior(JsonNode node, string? otherwise)
    {
        string name = otherwise is null ? node.Text("behavior") : node.Text("behavior", otherwise);
        return Enum.TryParse(name, out SplitBehavior behavior) && Enum.IsDefined(behavior) && !char.IsAsciiDigit(name[0])
            ? behavior : throw node.Bad(
                $"has the behavior '{TextExcerpt.Of(name)}', expected one of {string.Join(", ", Enum.GetNames<SplitBehavior>())}");
    }

    private static SplitPattern Pattern(JsonNode node)
    {
        try
        {
            return SplitPattern.Parse(node.AsText(), PatternDialect.HuggingFace);
        }
        catch (FormatException e)
        {
            throw node.Bad($"cannot be used: {e.Message}");
        }
    }

    private static MetaspacePreTokenizer Metaspace(JsonNode node) => new(Marker(node), Place(node), node.Flag("split", true));

    private static char Marker(JsonNode node)
    {
        string marker = node.Text("replacement", "\u2581");
        return marker.Length == 1 ? marker[0] : throw node.Bad($"has the replacement '{TextExcerpt.Of(marker)}', expected one character");
    }

    // Older files say add_prefix_space, true or false, for always or never.
    private static MarkerPlace Place(JsonNode node)
    {
        string name = node.Text("prepend_scheme", node.Flag("add_prefix_space", true) ? "always" : "never");
        return name switch
        {
            "always" => MarkerPlace.Always,
            "first" => MarkerPlace.First,
            "never" => MarkerPlace.Never,
            _ => throw node.Bad($"has the prepend_scheme '{TextExcerpt.Of(name)}', expected always, first or never"),
        };
    }

    private static ITokenDecoder Decoder(JsonNode node)
    {
        switch (node.Kind)
        {
            case "Sequence":
                return new DecoderSequence([.. node.Children("decoders").Select(Decoder)]);
            case "ByteLevel":
                return new ByteLevelDecoder();
            case "ByteFallback":
                return new ByteFallbackDecoder();
            case "Fuse":
                return new FuseDecoder();
            case "Strip":
                string content = node.Text("content", " ");
                return content.Length > 0
                    ? new StripDecoder(content, node.Number("start", 0), node.Number("stop", 0)) : throw node.Bad("has no content");
            case "Replace":
                return new RewriteDecoder(Replacement(node));
            case "Metaspace":
                return new MetaspaceDecoder(Marker(node), Place(node));
            case "WordPiece":
                return new WordPieceDecoder(node.Text("prefix", "##"), node.Flag("cleanup", true));
            case "BPEDecoder":
                return new SuffixDecoder(node.Text("suffix", "</w>"));
            default:
                throw node.Unsupported("BPEDecoder, ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Sequence, Strip, WordPiece");
        }
    }
}
