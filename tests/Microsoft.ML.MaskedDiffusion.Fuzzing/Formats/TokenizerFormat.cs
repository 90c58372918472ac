using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>Tokenizers of all kinds of files.</summary>
internal sealed class TokenizerFormat : FuzzFormat
{
    private const string Added = """
        "added_tokens":[{"id":%,"content":"<|endoftext|>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}]
        """;

    private static readonly string Text = "The cat  sat on 12,345 mats.\r\n\t日本語 é\u0301 \U0001F642 <|endoftext|> \0 " + new string('a', 300);

    public override string Name => "tokenizer";

    public override (IReadOnlyList<byte[]> Inputs, Func<byte[], FileSet> FilesOf)? Guided =>
        ([Golden("bpe_llama.model"), Golden("unigram_bytes.model")], input => new FileSet { ["tokenizer.model"] = input });

    public override void Open(string folder)
    {
        TextTokenizer tokenizer = TextTokenizer.FromFile(folder);
        tokenizer.Decode(tokenizer.Encode(Text));
        tokenizer.EncodeContinuation("the cat", " sat");
    }

    protected override IReadOnlyList<FileSet> MakeSeeds()
    {
        var pairs = new FileSet();
        foreach ((string name, byte[] content) in Formats.Seeds.Model.Tokenizer.Files)
            pairs[name] = content;
        return
        [
            new FileSet { ["tokenizer.model"] = Golden("bpe_llama.model") },
            new FileSet { ["tokenizer.model"] = Golden("unigram_bytes.model") },
            pairs,
            Formats.Seeds.Of(("vocab.txt", "[UNK]\n[CLS]\n[SEP]\n[MASK]\n[PAD]\nthe\ncat\n##s\na\n##t\ns\n##a\n.\n"), Special, Config),
            Formats.Seeds.Of(("tokenizer.tiktoken", Ranks()), ("tiktoken.json",
                """{"pattern":"\\s+|\\p{L}+|\\p{N}{1,3}|[^\\s\\p{L}\\p{N}]+","special_tokens":{"<|endoftext|>":258},"end_of_sequence":"<|endoftext|>"}""")),
            Json("""{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}""",
                """{"type":"NFC"}""", """{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}""",
                $$"""{"type":"BPE","dropout":null,"unk_token":null,"fuse_unk":false,"byte_fallback":false,"vocab":{{Bytes()}},"merges":["a t","t h"]}""",
                258),
            Json("""
                {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{N}{1,3}| ?\\p{L}+|\\s+(?!\\S)|\\s+"},
                "behavior":"Isolated","invert":false},{"type":"Digits","individual_digits":true},{"type":"Punctuation","behavior":"Isolated"}]}
                """, """
                {"type":"Sequence","normalizers":[{"type":"NFKD"},{"type":"StripAccents"},{"type":"Lowercase"},
                {"type":"Replace","pattern":{"String":"a"},"content":"b"},{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}]}
                """, """{"type":"WordPiece","prefix":"##","cleanup":true}""",
                """{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[UNK]":0,"the":1,"c":2,"##b":3,"##t":4}}""",
                5),
            Json("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true}""", "null", """
                {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},
                {"type":"Strip","content":" ","start":1,"stop":0}]}
                """, """{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0.0],["▁",-1.5],["a",-2.0],["t",-2.5],["▁the",-3.0]],"byte_fallback":false}""", 5),
            Json("""{"type":"Whitespace"}""", """{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}""",
                "null", """{"type":"WordLevel","vocab":{"[UNK]":0,"the":1,"cat":2},"unk_token":"[UNK]"}""", 3),
        ];
    }

    private static (string, string) Special => ("special_tokens_map.json", """{"eos_token":"[SEP]","bos_token":{"content":"[CLS]","lstrip":false}}""");

    private static (string, string) Config => ("tokenizer_config.json", """{"do_lower_case":true,"eos_token":"[SEP]","add_bos_token":false}""");

    private static FileSet Json(string split, string normalizer, string decoder, string model, int end) => Formats.Seeds.Of(
        ("tokenizer.json", $$"""
        {"version":"1.0","truncation":null,"padding":null,{{Added.Replace("%", $"{end}")}},"normalizer":{{normalizer}},
        "pre_tokenizer":{{split}},"post_processor":null,"decoder":{{decoder}},"model":{{model}}}
        """), ("tokenizer_config.json", """{"eos_token":"<|endoftext|>"}"""));

    private static byte[] Golden(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Seeds", name));

    private static string Ranks()
    {
        var lines = new StringBuilder();
        for (int i = 0; i < 256; i++)
            lines.Append(Convert.ToBase64String([(byte)i])).Append(' ').Append(i).Append('\n');
        return lines.Append("dGg= 256\nYXQ= 257\n").ToString();
    }

    // Bytes as GPT-2 spells them, and two merges.
    private static string Bytes()
    {
        var tokens = new JsonObject();
        for (int i = 0; i < 256; i++)
            tokens[$"{ByteLevelAlphabet.ToCharacter((byte)i)}"] = i;
        (tokens["at"], tokens["th"]) = (256, 257);
        return tokens.ToJsonString();
    }
}
