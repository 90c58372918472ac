using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Text.BytePair;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Small files as Hugging Face's tokenizer.json, of the kinds that published models have.</summary>
internal static class TokenizerJson
{
    private const string Digits3 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
        + @"\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Digit1 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
        + @"\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string O200k =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
        + @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
        + @"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string ByteLevel = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}""";

    private const string LlamaDecoder = """
        {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},
        {"type":"Strip","content":" ","start":1,"stop":0}]}
        """;

    private static readonly Lazy<string> BytePairs = new(() => ByteLevelModel());
    private static readonly Lazy<SentencePieceVocabulary> Llama = new(() => Vocabulary("bpe_llama"));
    private static readonly Lazy<SentencePieceVocabulary> Unigram = new(() => Vocabulary("unigram_nfkc"));

    /// <summary>The files by the names of their kinds.</summary>
    public static IReadOnlyDictionary<string, Func<string>> Kinds { get; } = new Dictionary<string, Func<string>>
    {
        ["gpt2"] = () => File(BytePairs.Value, preTokenizer: ByteLevel, decoder: ByteLevel, added: ["<|endoftext|>"]),
        ["gpt2 with a space before"] = () => File(BytePairs.Value, preTokenizer: ByteLevel.Replace("space\":false", "space\":true"),
            decoder: ByteLevel),
        ["llama3"] = () => File(ByteLevelModel(ignoreMerges: true), preTokenizer: SplitThenBytes(Digits3), decoder: ByteLevel,
            added: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]),
        ["qwen2 and dream"] = () => File(BytePairs.Value, """{"type":"NFC"}""", SplitThenBytes(Digit1), ByteLevel,
            ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|mask|>"]),
        ["llada"] = () => File(BytePairs.Value, null, SplitThenBytes(Digit1), ByteLevel, ["<|endoftext|>", "[MASK]"]),
        ["o200k"] = () => File(BytePairs.Value, null, SplitThenBytes(O200k), ByteLevel, ["<|endoftext|>"]),
        ["llama2"] = () => File(PiecePairs(), """
            {"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}
            """, null, LlamaDecoder, ["<unk>", "<s>", "</s>"]),
        ["llama2 with Metaspace"] = () => File(PiecePairs(), null,
            """{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false}""", LlamaDecoder, ["<unk>", "<s>", "</s>"]),
        ["unigram"] = () => File(UnigramModel(false), $$"""
            {"type":"Sequence","normalizers":[{"type":"Precompiled","precompiled_charsmap":"{{CharacterMap()}}"},
            {"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}]}
            """, """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}""",
            """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}""", ["<unk>", "<s>", "</s>"]),
        ["unigram split at white space"] = () => File(UnigramModel(false),
            $$"""{"type":"Precompiled","precompiled_charsmap":"{{CharacterMap()}}"}""", """
            {"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},
            {"type":"Metaspace","replacement":"▁","add_prefix_space":true}]}
            """, """{"type":"Metaspace","replacement":"▁","add_prefix_space":true}""", ["<unk>", "<s>", "</s>"]),
        ["unigram with bytes"] = () => File(UnigramModel(true), null,
            """{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true}""", LlamaDecoder, ["<unk>", "<s>", "</s>"]),
        ["bert uncased"] = () => File(WordPieces(),
            """{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}""",
            """{"type":"BertPreTokenizer"}""", """{"type":"WordPiece","prefix":"##","cleanup":true}""", ["[UNK]", "[MASK]"]),
        ["bert cased"] = () => File(WordPieces(),
            """{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":false}""",
            """{"type":"BertPreTokenizer"}""", """{"type":"WordPiece","prefix":"##","cleanup":false}""", ["[UNK]", "[MASK]"]),
        ["words"] = () => File("""{"type":"WordLevel","vocab":{"[UNK]":0,"the":1,"string":2,".":3,"日本":4},"unk_token":"[UNK]"}""",
            """
            {"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Lowercase"},
            {"type":"Strip","strip_left":true,"strip_right":true}]}
            """, """{"type":"Whitespace"}""", null),
        ["clip"] = () => File(SuffixPairs(), """
            {"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "},
            {"type":"Lowercase"}]}
            """, """
            {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":
            {"Regex":"'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"},"behavior":"Removed","invert":true},
            {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]}
            """, ByteLevel, ["<|endoftext|>"]),
        ["digits and punctuation"] = () => File(BytePairs.Value, """{"type":"NFKD"}""", """
            {"type":"Sequence","pretokenizers":[{"type":"Punctuation","behavior":"Contiguous"},{"type":"Digits","individual_digits":true},
            {"type":"Split","pattern":{"String":"a"},"behavior":"MergedWithPrevious","invert":false},
            {"type":"Split","pattern":{"String":"n"},"behavior":"MergedWithNext","invert":false},
            {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]}
            """, ByteLevel),
        ["no accents"] = () => File(BytePairs.Value,
            """{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"}]}""", ByteLevel, ByteLevel),
        ["all kinds of added tokens"] = () => File(BytePairs.Value, """{"type":"Lowercase"}""", ByteLevel, ByteLevel,
            ["<|endoftext|>", "<sep>", "<extra>"], """
            {"content":"<Norm>","single_word":false,"lstrip":false,"rstrip":false,"normalized":true,"special":false},
            {"content":"<left>","single_word":false,"lstrip":true,"rstrip":false,"normalized":false,"special":true},
            {"content":"<right>","single_word":false,"lstrip":false,"rstrip":true,"normalized":false,"special":true},
            {"content":"word","single_word":true,"lstrip":false,"rstrip":false,"normalized":true,"special":false}
            """),
    };

    /// <summary>A file of a model and what goes with it.</summary>
    public static string File(string model, string? normalizer = null, string? preTokenizer = null, string? decoder = null,
        string[]? added = null, string moreAdded = "")
    {
        JsonNode modelNode = JsonNode.Parse(model)!;
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        if (modelNode["vocab"] is JsonObject tokens)
        {
            foreach ((string token, JsonNode? id) in tokens)
                vocabulary[token] = (int)id!;
        }
        else
        {
            foreach (JsonNode? pair in (JsonArray)modelNode["vocab"]!)
                vocabulary[(string)pair![0]!] = vocabulary.Count;
        }
        var list = new JsonArray();
        int next = vocabulary.Count;
        foreach (string content in added ?? [])
            Add(new JsonObject { ["content"] = content, ["normalized"] = false, ["special"] = true });
        foreach (JsonNode? token in (JsonArray)JsonNode.Parse($"[{moreAdded}]")!)
            Add(token!.DeepClone().AsObject());
        var file = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = list,
            ["normalizer"] = normalizer is null ? null : JsonNode.Parse(normalizer),
            ["pre_tokenizer"] = preTokenizer is null ? null : JsonNode.Parse(preTokenizer),
            ["post_processor"] = null,
            ["decoder"] = decoder is null ? null : JsonNode.Parse(decoder),
            ["model"] = modelNode,
        };
        return file.ToJsonString();

        void Add(JsonObject token)
        {
            string content = (string)token["content"]!;
            token["id"] = vocabulary.TryGetValue(content, out int known) ? known : next++;
            foreach (string flag in (string[])["single_word", "lstrip", "rstrip"])
                token[flag] ??= false;
            list.Add(token);
        }
    }

    private static string SplitThenBytes(string pattern) => $$"""
        {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":{{JsonSerializer.Serialize(pattern)}}},
        "behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false}]}
        """;

    private static string ByteLevelModel(bool ignoreMerges = false)
    {
        TextTokenizer tokenizer = BytePairTrainer.Train([.. Corpora.Documents(1, 300), .. NastyTexts.Create(99, 600)], 1200);
        JsonObject vocabulary = JsonNode.Parse(tokenizer.Files["vocab.json"])!.AsObject();
        vocabulary.Remove("<|endoftext|>");
        if (ignoreMerges)
            vocabulary["Ġstring"] = vocabulary.Count;
        string[] merges = Encoding.UTF8.GetString(tokenizer.Files["merges.txt"]).Split('\n')[1..^1];
        return new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = null,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = false,
            ["byte_fallback"] = false,
            ["ignore_merges"] = ignoreMerges,
            ["vocab"] = vocabulary,
            ["merges"] = new JsonArray([.. merges.Select(merge => ignoreMerges
                ? (JsonNode)new JsonArray([.. merge.Split(' ').Select(part => (JsonNode)part)]) : merge)]),
        }.ToJsonString();
    }

    // As Hugging Face converts SentencePiece models: a merge for each way to make a piece of two, in the order of the pieces' scores.
    private static string PiecePairs()
    {
        SentencePieceVocabulary pieces = Llama.Value;
        var vocabulary = new JsonObject();
        var merges = new List<(float Score, int Left, int Right, string Text)>();
        for (int id = 0; id < pieces.Count; id++)
        {
            string piece = pieces.TextOf(id);
            vocabulary[piece] = id;
            for (int cut = 1; cut < piece.Length; cut++)
            {
                if (pieces.Pieces.TryGetValue(piece[..cut], out int left) && pieces.Pieces.TryGetValue(piece[cut..], out int right))
                    merges.Add((-pieces.ScoreOf(id), left, right, $"{piece[..cut]} {piece[cut..]}"));
            }
        }
        return new JsonObject
        {
            ["type"] = "BPE",
            ["unk_token"] = "<unk>",
            ["fuse_unk"] = true,
            ["byte_fallback"] = true,
            ["vocab"] = vocabulary,
            ["merges"] = new JsonArray([.. merges.Order().Select(merge => (JsonNode)merge.Text)]),
        }.ToJsonString();
    }

    private static string UnigramModel(bool bytes)
    {
        SentencePieceVocabulary pieces = bytes ? Vocabulary("unigram_bytes") : Unigram.Value;
        var vocabulary = new JsonArray();
        for (int id = 0; id < pieces.Count; id++)
            vocabulary.Add(new JsonArray(pieces.TextOf(id), (double)pieces.ScoreOf(id)));
        return new JsonObject
        {
            ["type"] = "Unigram",
            ["unk_id"] = pieces.UnknownId,
            ["vocab"] = vocabulary,
            ["byte_fallback"] = bytes,
        }.ToJsonString();
    }

    private static string WordPieces()
    {
        string[] tokens =
        [
            "[UNK]", "[MASK]", "the", "The", "string", "and", "##ing", "##s", "##tion", "word", "i", "'", "don", "t", ".", ",", "!", "?",
            "1", "12", "##3", "##4", "日", "本", "中", "文", "##a", "##b", "##e", "a", "b", "e", "é", "##é", "n", "ñ", "й", "##й", "р",
            "##у", "##с",
            "한", "##국", "##어", "ß", "ss", "ſ", "σ", "##ς", "-", "(", ")", "i\u0307", "K", "k", "😀", "##😀", "#", "<", ">", "|", "ह",
        ];
        var vocabulary = new JsonObject();
        foreach (string token in tokens)
            vocabulary[token] = vocabulary.Count;
        return new JsonObject
        {
            ["type"] = "WordPiece",
            ["unk_token"] = "[UNK]",
            ["continuing_subword_prefix"] = "##",
            ["max_input_chars_per_word"] = 100,
            ["vocab"] = vocabulary,
        }.ToJsonString();
    }

    // Bytes and bytes that end words, as in CLIP, and some merges.
    private static string SuffixPairs()
    {
        var vocabulary = new JsonObject();
        foreach (string token in ByteLevelAlphabet.Tokens.Concat(ByteLevelAlphabet.Tokens.Select(token => token + "</w>")))
            vocabulary[token] = vocabulary.Count;
        string[] merges = ["t h", "th e</w>", "i n", "in g</w>", "a n", "an d</w>", "s t", "st r", "o r", "w or", "wor d</w>", "' s</w>"];
        foreach (string merge in merges)
            vocabulary[merge.Replace(" ", "")] = vocabulary.Count;
        return new JsonObject
        {
            ["type"] = "BPE",
            ["end_of_word_suffix"] = "</w>",
            ["vocab"] = vocabulary,
            ["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode)merge)]),
        }.ToJsonString();
    }

    private static SentencePieceVocabulary Vocabulary(string name) =>
        SentencePieceVocabulary.Read(System.IO.File.ReadAllBytes(Golden.PathOf("tokenizers", name + ".model")));

    private static string CharacterMap()
    {
        var fields = new ProtobufFields(System.IO.File.ReadAllBytes(Golden.PathOf("tokenizers", "unigram_nfkc.model")));
        while (fields.MoveNext())
        {
            if (fields.Number != 3)
                continue;
            var normalizer = new ProtobufFields(fields.Content);
            while (normalizer.MoveNext())
            {
                if (normalizer.Number == 2)
                    return Convert.ToBase64String(normalizer.Content);
            }
        }
        throw new AssertFailedException("the model has no map of characters");
    }
}
