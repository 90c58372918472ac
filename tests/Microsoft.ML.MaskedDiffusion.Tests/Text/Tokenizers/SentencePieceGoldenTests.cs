using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The ids and decoded texts that Google's sentencepiece gives, for four small models (see Golden/README.md).</summary>
[TestClass]
public sealed class SentencePieceGoldenTests
{
    [TestMethod]
    [DataRow("bpe_llama")]
    [DataRow("bpe_user")]
    [DataRow("unigram_nfkc")]
    [DataRow("unigram_bytes")]
    public void IdsAndDecodedTextsAreThoseOfTheReference(string name)
    {
        TextTokenizer tokenizer = TextTokenizer.FromFile(Golden.PathOf("tokenizers", name + ".model"));
        var wrong = new List<string>();
        int strings = 0;
        foreach (string line in File.ReadLines(Golden.PathOf("tokenizers", name + ".jsonl")))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement row = document.RootElement;
            string text = row.GetProperty("text").GetString()!;
            int[] ids = [.. row.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            string decoded = row.GetProperty("decoded").GetString()!;
            strings++;
            if (!tokenizer.Encode(text).SequenceEqual(ids))
                wrong.Add($"'{text}' is [{string.Join(' ', ids)}], not [{string.Join(' ', tokenizer.Encode(text))}]");
            if (tokenizer.Decode(ids) != decoded)
                wrong.Add($"[{string.Join(' ', ids)}] is '{decoded}', not '{tokenizer.Decode(ids)}'");
        }
        Assert.IsGreaterThanOrEqualTo(100, strings);
        Assert.IsEmpty(wrong, $"{wrong.Count} of {strings} differ:\n{string.Join('\n', wrong.Take(20))}");
    }
}
