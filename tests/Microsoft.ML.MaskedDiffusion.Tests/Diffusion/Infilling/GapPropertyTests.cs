using System.Text.RegularExpressions;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Whatever a text holds, what stands outside its gaps comes back as it was.</summary>
[TestClass]
public sealed class GapPropertyTests
{
    // Emoji with joiners and skin tones, combining marks, right-to-left text with marks of direction, lone surrogates, what looks like
    // gaps, white space of all kinds.
    private static readonly string[] Pieces =
    [
        "the cat", " ", "  ", "\n", "\t", "\u00A0", "\u200F", "🙂", "👩‍👩‍👧", "👍🏽", "e\u0301", "\u0301", "ก็", "שלום", "مرحبا",
        "\u202Eabc\u202C", "漢字", "\uD83D", "\uDE42", "[MASK]", "[MASK*3]", "[MASK*2-4]", "[MASK*]", "[MASK", "]", "*", "\\", "\\\\",
        "\0", "\uFFFD", "\uFEFF", "x", ".", "▁", "<s>", "<|endoftext|>", "ﬁ", "Ａ",
    ];

    private static readonly string[] Gaps = ["[MASK]", "[MASK*2]", "[MASK*3]", "[MASK*]", "[MASK*1-3]", "[MASK*2-2]", "[MASK*2-5]"];

    [TestMethod]
    [DataRow("bytes")]
    [DataRow("byte pairs")]
    [DataRow("bpe_llama")]
    [DataRow("unigram_nfkc")]
    [DataRow("bytes", GapLengthMethod.LengthTokens)]
    [DataRow("unigram_nfkc", GapLengthMethod.LengthTokens)]
    public void TextOutsideGapsIsTheCallers(string tokenizer, GapLengthMethod method = GapLengthMethod.Likelihood)
    {
        bool hasLengthTokens = method == GapLengthMethod.LengthTokens;
        using MaskedDiffusionModel model = TinyModel.Create(Open(tokenizer), contextLength: 640, seed: 8, hasLengthTokens);
        var infiller = new Infiller(model, new SamplingOptions { Temperature = 1, Seed = 3, Steps = hasLengthTokens ? null : 2 },
            new GapOptions { MaxGapLength = 3, InvalidRows = InvalidRows.Skip, LengthMethod = method });
        var random = new Random(12);
        (string Text, string[] Plain)[] requests = [.. Enumerable.Range(0, 250).Select(_ => Request(random))];
        FilledText[] filled = infiller.Fill([.. requests.Select(request => new GappedText(request.Text))]);
        int gaps = 0;
        for (int i = 0; i < requests.Length; i++)
        {
            (string text, string[] plain) = requests[i];
            Assert.IsNull(filled[i].Error, text);
            if (plain.Length == 1)
                Assert.AreEqual(plain[0], filled[i].Text);
            string pattern = "^" + string.Join("(.*)", plain.Select(Regex.Escape)) + "$";
            Assert.IsTrue(Regex.IsMatch(filled[i].Text, pattern, RegexOptions.Singleline | RegexOptions.CultureInvariant),
                $"\"{text}\" became \"{filled[i].Text}\"");
            gaps += filled[i].GapLengths.Count;
        }
        Assert.IsGreaterThan(250, gaps);
    }

    // A text, and what stands outside its gaps: a piece before each gap, maybe an empty one, and one behind the last.
    private static (string Text, string[] Plain) Request(Random random)
    {
        int gaps = random.Next(0, 5);
        string[] plain = [.. Enumerable.Range(0, gaps + 1).Select(_ => string.Concat(
            Enumerable.Range(0, random.Next(3) == 0 ? 0 : random.Next(1, 6)).Select(_ => Pieces[random.Next(Pieces.Length)])))];
        string text = "";
        for (int i = 0; i <= gaps; i++)
        {
            text += GapSyntax.Escape(plain[i]);
            if (i == gaps)
                break;
            // Backslashes right before a gap are halved.
            text += new string('\\', plain[i].Length - plain[i].TrimEnd('\\').Length) + Gaps[random.Next(Gaps.Length)];
        }
        return (text, plain);
    }

    private static TextTokenizer Open(string name) => name switch
    {
        "bytes" => TokenizerSource.Bytes().Known!,
        "byte pairs" => Corpora.ByteLevel,
        _ => TextTokenizer.FromFile(Golden.PathOf("tokenizers", name + ".model")),
    };
}
