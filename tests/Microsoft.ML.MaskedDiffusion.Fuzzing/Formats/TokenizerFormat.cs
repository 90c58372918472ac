using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>Tokenizers of all kinds of files.</summary>
internal sealed class TokenizerFormat : FuzzFormat
{
    private static readonly string Text =
        "The cat  sat on 12,345 mats.\r\n\t日本語 é\u0301 \U0001F642 <|endoftext|> \0 " + new string('a', 300) + "!";

    public override string Name => "tokenizer";

    public override (IReadOnlyList<byte[]> Inputs, Func<byte[], FileSet> FilesOf)? Guided =>
        ([Golden("bpe_llama.model"), Golden("unigram_bytes.model")], input => new FileSet { ["tokenizer.model"] = input });

    public override void Open(string folder)
    {
        TextTokenizer tokenizer = TextTokenizer.FromFile(folder);
        tokenizer.Decode(tokenizer.Encode(Text));
        tokenizer.EncodeContinuation("the cat", " sat");
        _ = tokenizer.ChatTemplate;
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
            Pieces(),
            pairs,
            Words(),
            Ranks(),
            ByteLevel(),
            WordPiece(),
            Unigram(),
            WordLevel(),
        ];
    }

    private static FileSet Pieces()
    {
        FileSet files = Formats.Seeds.Of(
            ("special_tokens_map.json", """{"bos_token":"<s>","additional_special_tokens":["<x>",{"content":"<y>"}]}"""),
            ("tokenizer_config.json", """
                {"eos_token":"</s>","legacy":true,"added_tokens_decoder":{"1":{"content":"<s>"},"9":{"content":"<z>"}},"chat_template":
                "{{ bos_token }}{% for m in messages %}{{ m.role + ': ' + m.content + eos_token }}{% endfor %}{{ 'assistant: ' }}"}
                """),
            ("added_tokens.json", """{"<|im_start|>":32000}"""));
        files["tokenizer.model"] = Golden("bpe_llama.model");
        return files;
    }

    private static FileSet Words() => Formats.Seeds.Of(
        ("vocab.txt", "[UNK]\n[CLS]\n[SEP]\n[MASK]\n[PAD]\nthe\ncat\n##s\na\n##t\ns\n##a\n.\n"),
        ("special_tokens_map.json", """{"eos_token":"[SEP]","bos_token":{"content":"[CLS]","lstrip":false}}"""),
        ("tokenizer_config.json", """{"do_lower_case":true,"eos_token":"[SEP]","add_bos_token":false}"""),
        ("chat_template.jinja", """
            {{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ 'Q: ' + m.content|trim }}{% else %}A: {{ m.content -}}
            {% endif %}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}A: {% endif %}
            """));

    private static FileSet ByteLevel() => Json(
        258,
        """{"type":"NFC"}""",
        """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}""",
        """{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}""",
        $$"""{"type":"BPE","dropout":null,"unk_token":null,"fuse_unk":false,"vocab":{{Bytes()}},"merges":["a t","t h"]}""");

    private static FileSet WordPiece() => Json(
        5,
        """
        {"type":"Sequence","normalizers":[{"type":"NFKD"},{"type":"StripAccents"},{"type":"Lowercase"},
        {"type":"Replace","pattern":{"String":"a"},"content":"b"},{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}]}
        """,
        """
        {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{N}{1,3}| ?\\p{L}+|\\s+(?!\\S)|\\s+"},
        "behavior":"Isolated","invert":false},{"type":"Digits","individual_digits":true},{"type":"Punctuation","behavior":"Isolated"}]}
        """,
        """{"type":"WordPiece","prefix":"##","cleanup":true}""",
        """
        {"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
        "vocab":{"[UNK]":0,"the":1,"c":2,"##b":3,"##t":4}}
        """);

    private static FileSet Unigram() => Json(
        5,
        "null",
        """{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"first","split":true}""",
        """
        {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"\u2581"},"content":" "},{"type":"ByteFallback"},
        {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}
        """,
        """
        {"type":"Unigram","unk_id":0,"vocab":[["<unk>",0.0],["\u2581",-1.5],["a",-2.0],["t",-2.5],["\u2581the",-3.0]],
        "byte_fallback":false}
        """);

    private static FileSet WordLevel() => Json(
        3,
        """{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}""",
        """{"type":"Whitespace"}""",
        "null",
        """{"type":"WordLevel","vocab":{"[UNK]":0,"the":1,"cat":2},"unk_token":"[UNK]"}""");

    private static FileSet Json(int end, string normalizer, string split, string decoder, string model) => Formats.Seeds.Of(
        ("tokenizer.json", $$"""
        {"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":{{end}},"content":"<|endoftext|>","single_word":false,
        "lstrip":false,"rstrip":false,"normalized":false,"special":true}],"normalizer":{{normalizer}},"pre_tokenizer":{{split}},
        "post_processor":null,"decoder":{{decoder}},"model":{{model}}}
        """),
        ("tokenizer_config.json", """
            {"eos_token":"<|endoftext|>","chat_template":[{"name":"default","template":
            "{% for m in messages %}{{ m.role ~ ': ' ~ m.content ~ '\\n' }}{% endfor %}assistant:"}]}
            """));

    private static byte[] Golden(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Seeds", name));

    private static FileSet Ranks()
    {
        var lines = new StringBuilder();
        for (int i = 0; i < 256; i++)
            lines.Append(Convert.ToBase64String([(byte)i])).Append(' ').Append(i).Append('\n');
        return Formats.Seeds.Of(
            ("tokenizer.tiktoken", lines.Append("dGg= 256\nYXQ= 257\n").ToString()),
            ("tiktoken.json", """
                {"pattern":"\\s+|\\p{L}+|\\p{N}{1,3}|[^\\s\\p{L}\\p{N}]+","special_tokens":{"<|endoftext|>":258},
                "end_of_sequence":"<|endoftext|>"}
                """));
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
