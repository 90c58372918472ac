using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Text.Patterns;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>
/// Makes a tokenizer of a .tiktoken file (a token in base64 and its rank a line), and of tiktoken.json, our own file beside it with what
/// the first does not say: the pattern that splits text, the special tokens, and which of these ends a document.
/// </summary>
internal static class TiktokenReader
{
    private const string PatternName = "pattern", SpecialName = "special_tokens", EndName = "end_of_sequence";
    private const string SpelledName = "special_tokens_in_text";

    /// <summary>The settings as they are kept.</summary>
    /// <param name="pattern">The pattern that splits text.</param>
    /// <param name="specialTokens">The special tokens and their ids.</param>
    /// <param name="end">The special token that ends a document, or null.</param>
    /// <param name="spelled">Whether text that spells a special token is that token.</param>
    public static byte[] WriteSettings(string pattern, IReadOnlyDictionary<string, int> specialTokens, string? end, bool spelled)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString(PatternName, pattern);
            json.WriteStartObject(SpecialName);
            foreach ((string token, int id) in specialTokens.OrderBy(token => token.Value))
                json.WriteNumber(token, id);
            json.WriteEndObject();
            if (end is not null)
                json.WriteString(EndName, end);
            if (spelled)
                json.WriteBoolean(SpelledName, true);
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    public static TextTokenizer Read(IReadOnlyDictionary<string, byte[]> files)
    {
        var kept = new Dictionary<string, byte[]> { [TokenizerFiles.Tiktoken] = files[TokenizerFiles.Tiktoken] };
        kept[TokenizerFiles.TiktokenSettings] = files.TryGetValue(TokenizerFiles.TiktokenSettings, out byte[]? content) ? content
            : throw TokenizerJsonFile.Bad(TokenizerFiles.TiktokenSettings,
            $"it is missing; it says how {TokenizerFiles.Tiktoken} splits text");
        Dictionary<string, int> ranks = Ranks(JsonFile.WithoutMark(kept[TokenizerFiles.Tiktoken]).Span);
        using JsonDocument document = TokenizerJsonFile.ParseObject(
            TokenizerFiles.TiktokenSettings, content, "a JSON object with a pattern");
        List<AddedToken> added = Special(document.RootElement, ranks);
        IPreTokenizer split = new PreTokenizerSequence(
        [
            new SplitPreTokenizer(Pattern(document.RootElement).Matches, SplitBehavior.Isolated),
            new ByteLevelPreTokenizer(addPrefixSpace: false, split: false),
        ]);
        var pipeline = new TokenizerPipeline(added, null, split, new RankModel(ranks), new ByteLevelDecoder());
        return new PipelineTextTokenizer(pipeline, null, End(document.RootElement, pipeline), kept);
    }

    private static int? End(JsonElement root, TokenizerPipeline pipeline)
    {
        if (!root.TryGetProperty(EndName, out JsonElement name) || name.ValueKind == JsonValueKind.Null)
            return null;
        int? id = name.ValueKind == JsonValueKind.String ? pipeline.IdOf(name.GetString()!) : null;
        return id ?? throw Unexpected(EndName, name, "a token");
    }

    private static InvalidDataException Unexpected(string name, JsonElement found, string expected) => TokenizerJsonFile.Bad(
        TokenizerFiles.TiktokenSettings, $"{name} is {TextExcerpt.Of(found.GetRawText())}, expected {expected}");

    private static SplitPattern Pattern(JsonElement root)
    {
        if (!root.TryGetProperty(PatternName, out JsonElement pattern) || pattern.ValueKind != JsonValueKind.String)
            throw TokenizerJsonFile.Bad(TokenizerFiles.TiktokenSettings, $"lacks {PatternName}");
        try
        {
            return SplitPattern.Parse(pattern.GetString()!, PatternDialect.Tiktoken);
        }
        catch (FormatException e)
        {
            throw TokenizerJsonFile.Bad(TokenizerFiles.TiktokenSettings, e.Message, e);
        }
    }

    private static List<AddedToken> Special(JsonElement root, Dictionary<string, int> ranks)
    {
        var added = new List<AddedToken>();
        bool spelled = root.TryGetProperty(SpelledName, out JsonElement flag) && flag.ValueKind == JsonValueKind.True;
        if (!spelled && flag.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.False))
            throw Unexpected(SpelledName, flag, "true or false");
        if (!root.TryGetProperty(SpecialName, out JsonElement tokens) || tokens.ValueKind == JsonValueKind.Null)
            return added;
        if (tokens.ValueKind != JsonValueKind.Object)
            throw Unexpected(SpecialName, tokens, "an object with the tokens and their ids");
        var taken = ranks.Values.ToHashSet();
        foreach (JsonProperty token in tokens.EnumerateObject())
        {
            if (token.Value.ValueKind != JsonValueKind.Number || !token.Value.TryGetInt32(out int id)
                || id is < 0 or > TokenizerFiles.MaximumId || !taken.Add(id))
            {
                string found = TextExcerpt.Of(token.Value.GetRawText());
                throw TokenizerJsonFile.Bad(TokenizerFiles.TiktokenSettings,
                    $"the special token '{TextExcerpt.Of(token.Name)}' has the id {found}, which is no free id up to "
                    + $"{TokenizerFiles.MaximumId}");
            }
            added.Add(new AddedToken(id, token.Name) { Special = true, Unspelled = !spelled });
        }
        return added;
    }

    // The package's data files have a first line with the number of tokens, and no ranks where these are those of the lines.
    private static Dictionary<string, int> Ranks(ReadOnlySpan<byte> content)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        var taken = new HashSet<int>();
        int number = 0, next = 0;
        foreach (Range range in content.Split((byte)'\n'))
        {
            number++;
            ReadOnlySpan<byte> line = content[range].TrimEnd((byte)'\r');
            if (line.IsEmpty || (number == 1 && line.StartsWith("Capacity: "u8)))
                continue;
            int space = line.IndexOf((byte)' ');
            ReadOnlySpan<byte> token = space < 0 ? line : line[..space], text = space < 0 ? default : line[(space + 1)..];
            byte[] bytes = new byte[line.Length];
            bool read = Base64.DecodeFromUtf8(token, bytes, out _, out int written) == OperationStatus.Done && written > 0;
            (int rank, int used) = (next, 0);
            if (!text.IsEmpty)
                read = read && Utf8Parser.TryParse(text, out rank, out used);
            if (!read || used != text.Length || rank is < 0 or > TokenizerFiles.MaximumId || !taken.Add(rank)
                || !ranks.TryAdd(ByteLevelAlphabet.ToText(bytes.AsSpan(0, written)), rank))
            {
                throw TokenizerJsonFile.Bad(TokenizerFiles.Tiktoken,
                    $"line {number} is not a token in base64, a space and a rank that no other line has");
            }
            next = rank + 1;
        }
        for (int value = 0; value < 256; value++)
        {
            if (!ranks.ContainsKey(ByteLevelAlphabet.ToText([(byte)value])))
                throw TokenizerJsonFile.Bad(TokenizerFiles.Tiktoken, $"no token for the byte 0x{value:X2}, expected all 256");
        }
        return ranks;
    }
}
