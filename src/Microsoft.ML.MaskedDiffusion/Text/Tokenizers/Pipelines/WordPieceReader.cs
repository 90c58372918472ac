using System.Text;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>
/// Makes a tokenizer of vocab.txt, a token a line in the order of their ids, as BERT's. Whether text is lowercased says
/// tokenizer_config.json (do_lower_case); without it, text is lowercased if no token has an upper-case letter but those in brackets.
/// </summary>
internal static class WordPieceReader
{
    private const string UnknownToken = "[UNK]", Prefix = "##";

    public static TextTokenizer Read(IReadOnlyDictionary<string, byte[]> files)
    {
        Dictionary<string, byte[]> kept = TokenizerFiles.Kept(files, TokenizerFiles.WordPiece, TokenizerFiles.Settings);
        Dictionary<string, int> vocabulary = Vocabulary(kept[TokenizerFiles.WordPiece]);
        bool lowercase = Lowercases(kept, vocabulary);
        AddedToken[] added = [.. vocabulary.Where(token => token.Key is "[UNK]" or "[CLS]" or "[SEP]" or "[PAD]" or "[MASK]")
            .Select(token => new AddedToken(token.Value, token.Key) { Special = true })];
        var pipeline = new TokenizerPipeline(added, new BertNormalizer(clean: true, partIdeographs: true, lowercase, lowercase),
            PipelineReader.Bert(), new WordPieceModel(vocabulary, UnknownToken, Prefix, 100), new WordPieceDecoder(Prefix, cleanUp: true));
        (int? beginning, int? end) = SpecialTokens.Read(kept, pipeline.IdOf);
        end ??= pipeline.IdOf("[SEP]");
        return new PipelineTextTokenizer(pipeline, beginning ?? pipeline.IdOf("[CLS]"), end, kept);
    }

    private static Dictionary<string, int> Vocabulary(byte[] content)
    {
        string text;
        try
        {
            text = StrictUtf8.Encoding.GetString(JsonFile.WithoutMark(content).Span);
        }
        catch (DecoderFallbackException e)
        {
            throw TokenizerJsonFile.Bad(TokenizerFiles.WordPiece, "expected UTF-8 text, a token a line", e);
        }
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        string[] lines = text.Split('\n');
        int count = lines[^1].Length == 0 ? lines.Length - 1 : lines.Length;
        for (int id = 0; id < count; id++)
        {
            string token = lines[id].TrimEnd('\r');
            if (token.Length == 0 || !vocabulary.TryAdd(token, id))
                throw TokenizerJsonFile.Bad(
                    TokenizerFiles.WordPiece, $"line {id + 1} is '{TextExcerpt.Of(token)}', which is empty or there twice");
        }
        if (!vocabulary.ContainsKey(UnknownToken))
            throw TokenizerJsonFile.Bad(TokenizerFiles.WordPiece, $"expected a WordPiece vocabulary with a token {UnknownToken}");
        return vocabulary;
    }

    private static bool Lowercases(Dictionary<string, byte[]> files, Dictionary<string, int> vocabulary)
    {
        if (files.TryGetValue(TokenizerFiles.Config, out byte[]? content))
        {
            using JsonDocument document = TokenizerJsonFile.ParseObject(TokenizerFiles.Config, content, "a JSON object with settings");
            JsonElement root = document.RootElement;
            foreach (string name in (string[])["strip_accents", "tokenize_chinese_chars", "do_basic_tokenize", "never_split"])
            {
                bool usual = !root.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null
                    || (name is "tokenize_chinese_chars" or "do_basic_tokenize" && value.ValueKind == JsonValueKind.True);
                if (!usual)
                {
                    throw TokenizerJsonFile.Bad(TokenizerFiles.Config, $"{name} is {TextExcerpt.Of(value.GetRawText())}, which is not "
                        + $"supported for {TokenizerFiles.WordPiece}: give a {TokenizerFiles.HuggingFace}, which says all");
                }
            }
            if (root.TryGetProperty("do_lower_case", out JsonElement lower) && lower.ValueKind is JsonValueKind.True or JsonValueKind.False)
                return lower.ValueKind == JsonValueKind.True;
        }
        return !vocabulary.Keys.Any(token => !token.StartsWith('[') && token.Any(char.IsUpper));
    }
}
