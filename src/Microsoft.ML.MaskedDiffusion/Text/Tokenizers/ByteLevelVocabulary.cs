using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>
/// A byte-level BPE vocabulary: tokens in GPT-2's byte alphabet in the order of their ids, merges in the order of their priority, each as
/// "left right".
/// </summary>
internal sealed record ByteLevelVocabulary(
    IReadOnlyList<string> Tokens, IReadOnlyList<string> Merges, int? BeginningOfSequenceId, int? EndOfSequenceId,
    IReadOnlyDictionary<string, byte[]> Files)
{
    public const string EndOfText = "<|endoftext|>";

    /// <summary>Reads and checks the files.</summary>
    public static ByteLevelVocabulary Read(IReadOnlyDictionary<string, byte[]> files)
    {
        var kept = new Dictionary<string, byte[]>();
        foreach (string name in (string[])[TokenizerFiles.Vocabulary, TokenizerFiles.Merges])
        {
            kept[name] = files.TryGetValue(name, out byte[]? content) ? content : throw new InvalidDataException(
                $"The tokenizer lacks its file '{name}': expected {TokenizerFiles.Vocabulary} and {TokenizerFiles.Merges}, "
                + $"or {TokenizerFiles.SentencePiece}, {TokenizerFiles.HuggingFace}, {TokenizerFiles.Tiktoken}, "
                + $"or {TokenizerFiles.WordPiece}.");
        }
        Dictionary<string, int> ids = ByteLevelVocabularyReader.ReadTokens(kept[TokenizerFiles.Vocabulary]);
        List<string> merges = ByteLevelVocabularyReader.ReadMerges(kept[TokenizerFiles.Merges], ids);
        ByteLevelVocabularyReader.CheckWhole(ids.Keys, merges);
        int? beginning = null, end = null;
        if (files.TryGetValue(TokenizerFiles.SpecialTokens, out byte[]? special))
        {
            kept[TokenizerFiles.SpecialTokens] = special;
            (beginning, end) = SpecialTokens.Read(kept, token => ids.TryGetValue(token, out int id) ? id : null);
        }
        else if (ids.TryGetValue(EndOfText, out int id))
            end = id;
        string[] tokens = new string[ids.Count];
        foreach ((string token, int at) in ids)
            tokens[at] = token;
        return new ByteLevelVocabulary(tokens, merges, beginning, end, kept);
    }

    /// <summary>A trained vocabulary: the tokens, followed by <see cref="EndOfText"/> as the end of a sequence.</summary>
    public static ByteLevelVocabulary Create(IReadOnlyList<string> tokens, IReadOnlyList<string> merges)
    {
        string[] all = [.. tokens, EndOfText];
        var files = new Dictionary<string, byte[]>
        {
            [TokenizerFiles.Vocabulary] = WriteTokens(all), [TokenizerFiles.Merges] = WriteMerges(merges),
        };
        return new ByteLevelVocabulary(all, merges, null, tokens.Count, files);
    }

    private static byte[] WriteTokens(string[] tokens)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            for (int id = 0; id < tokens.Length; id++)
                json.WriteNumber(tokens[id], id);
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    private static byte[] WriteMerges(IReadOnlyList<string> merges)
    {
        var text = new StringBuilder("#version: 0.2\n");
        foreach (string merge in merges)
            text.Append(merge).Append('\n');
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
