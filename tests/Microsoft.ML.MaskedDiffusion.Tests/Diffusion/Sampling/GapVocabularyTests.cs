using System.Text;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class GapVocabularyTests
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private static readonly MaskedDiffusionModel Model = TinyModel.Create(5);

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    /// <summary>The oracle is the strict decoder of .NET, on all pairs and triples of bytes that could be parts of characters.</summary>
    [TestMethod]
    public void AGapOfBytesFitsExactlyWhereItCanBecomeUtf8()
    {
        TextTokenizer bytes = TokenizerSource.Bytes().Resolve(() => [], null, CancellationToken.None);
        int mask = bytes.VocabularySize;
        var vocabulary = new GapVocabulary(bytes, mask);
        int[] ids = [.. Enumerable.Range(0, 256).Select(value => Enumerable.Range(0, 256)
            .Single(id => bytes.BytesOf(id).Span.SequenceEqual([(byte)value])))];
        byte[] values = [0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1,
            0xF4, 0xF5, 0xFF];
        var before = new byte[4];
        var after = new byte[4];
        for (int length = 1; length <= 4; length++)
        {
            // One byte is open; the others are fixed, and some must make characters with it.
            foreach (byte[] others in Combinations(values, length - 1))
            {
                for (int open = 0; open < length; open++)
                {
                    byte[] all = [.. others[..open], 0, .. others[open..]];
                    int[] row = [.. all.Select((value, i) => i == open ? mask : ids[value])];
                    vocabulary.Follow(row, 0..length, mask, before, after);
                    foreach (byte value in values)
                    {
                        all[open] = value;
                        Assert.AreEqual(IsUtf8(all), vocabulary.Fits(ids[value], before[open], after[open]), Convert.ToHexString(all));
                    }
                }
            }
            if (length == 3)
                values = [0x41, 0x80, 0x9F, 0xBF, 0xC2, 0xE0, 0xED, 0xF0, 0xF1, 0xF4];
        }
    }

    [TestMethod]
    public void TokensWithoutTextAreNeverAllowed()
    {
        TextTokenizer tokenizer = Model.Tokenizer;
        // The network may have more ids than the tokenizer.
        var vocabulary = new GapVocabulary(tokenizer, tokenizer.VocabularySize + 3);
        Assert.IsFalse(vocabulary.HasText(tokenizer.EndOfSequenceId!.Value));
        Assert.IsFalse(vocabulary.HasText(tokenizer.VocabularySize) || vocabulary.HasText(tokenizer.VocabularySize + 2));
        Assert.IsTrue(vocabulary.HasText(tokenizer.Encode("a").Single()));
    }

    [TestMethod]
    [DataRow("WordLevel", """{"type":"WordLevel","vocab":{"[UNK]":0,"a":1,"b":2},"unk_token":"[UNK]"}""")]
    [DataRow("WordPiece", """{"type":"WordPiece","vocab":{"[UNK]":0,"a":1,"##b":2},"unk_token":"[UNK]"}""")]
    [DataRow("BPE", """{"type":"BPE","vocab":{"[UNK]":0,"a":1,"b":2},"merges":[],"unk_token":"[UNK]"}""")]
    [DataRow("Unigram", """{"type":"Unigram","vocab":[["[UNK]",0],["a",-1],["b",-2]],"unk_id":0}""")]
    public void TheNameOfTheUnknownTokenIsNoText(string kind, string model)
    {
        // The file does not add it as a special token, so it is decoded as its name.
        TextTokenizer tokenizer = TextTokenizer.FromFiles(new Dictionary<string, byte[]>
        {
            ["tokenizer.json"] = Encoding.UTF8.GetBytes(TokenizerJson.File(model)),
        });
        Assert.AreEqual("[UNK]", tokenizer.Decode([0]));
        var vocabulary = new GapVocabulary(tokenizer, 3);
        CollectionAssert.AreEqual(new[] { 0 }, vocabulary.WithoutText, kind);
    }

    [TestMethod]
    public void NamesInAByteLevelVocabularyAreNoText()
    {
        // No merge makes <pad>, so no text is cut into it.
        Dictionary<string, byte[]> files = new(TokenizerSource.Bytes().Resolve(() => [], null, CancellationToken.None).Files);
        files["vocab.json"] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(files["vocab.json"])
            .Replace("<|endoftext|>", "<pad>", StringComparison.Ordinal));
        TextTokenizer tokenizer = TextTokenizer.FromFiles(files);
        Assert.IsNull(tokenizer.EndOfSequenceId);
        Assert.AreEqual("<pad>", tokenizer.Decode([256]));
        CollectionAssert.AreEqual(new[] { 256 }, new GapVocabulary(tokenizer, 257).WithoutText);
    }

    [TestMethod]
    public void TokensOfLostTextAreNotChosen()
    {
        // GPT-2's vocabulary has such tokens, of texts that were damaged before it was made.
        const string Json = """{"type":"BPE","vocab":{"a":0,"\uFFFD":1,"b\uFFFDc":2,"\uFFFC":3},"merges":[]}""";
        TextTokenizer tokenizer = TextTokenizer.FromFiles(new Dictionary<string, byte[]>
        {
            ["tokenizer.json"] = Encoding.UTF8.GetBytes(TokenizerJson.File(Json)),
        });
        var vocabulary = new GapVocabulary(tokenizer, 4);
        CollectionAssert.AreEqual(new[] { 1, 2 }, vocabulary.WithoutText);
        CollectionAssert.AreEqual(new[] { 1, 2 }, vocabulary.Forbidden(GapVocabulary.Between, GapVocabulary.Between));
        Assert.AreEqual(GapVocabulary.Between, vocabulary.StateAfter([0, 1, 2]));
    }

    [TestMethod]
    public void AtTheBeginningOfATextAGapIsNotFilledWithNothing()
    {
        SentencePieceModelBuilder builder = new SentencePieceModelBuilder().With("\u2581", -1).With("a", -2).With("\u2581a", -3);
        TextTokenizer tokenizer = TextTokenizer.FromFiles(new Dictionary<string, byte[]> { ["tokenizer.model"] = builder.Build() });
        int space = builder.Id("\u2581");
        var vocabulary = new GapVocabulary(tokenizer, builder.Count);
        Assert.IsTrue(vocabulary.HasText(space) && vocabulary.Vanishes(space));
        CollectionAssert.AreEqual(new[] { 0, 1, 2, space }, vocabulary.ForbiddenAlone);
        var config = new TransformerConfig
        {
            LayerCount = 1,
            HeadCount = 1,
            EmbeddingSize = 8,
            FeedForwardSize = 8,
            VocabularySize = builder.Count,
            ContextLength = 8,
        };
        var network = new TransformerNetwork(config, TorchSharp.torch.CPU);
        network.Initialize(1);
        using var model = new MaskedDiffusionModel(network, tokenizer);
        bool bare = false;
        for (int seed = 0; seed < 40; seed++)
        {
            // The two texts have the same tokens; only in the first is the gap the beginning.
            string[] filled = new Infiller(model, new SamplingOptions { Temperature = 100, Seed = seed }).Fill(["[MASK]a", " [MASK]a"]);
            Assert.IsGreaterThan(1, filled[0].Length, "something stands before the a");
            bare |= filled[1] == " a";
        }
        Assert.IsTrue(bare, "inside a text a space is text");
    }

    /// <summary>At a high temperature an untrained network chooses about every token, parts of characters among them.</summary>
    [TestMethod]
    [DataRow("Confidence", 1)]
    [DataRow("Confidence", 3)]
    [DataRow("Confidence", null)]
    [DataRow("Random", null)]
    [DataRow("Random", 2)]
    public void WhatFillsAGapIsTextWhateverIsDrawn(string order, int? steps)
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var infiller = new Infiller(Model, new SamplingOptions
            { Temperature = 100, Seed = seed, Order = SamplingOrder.FromName(order), Steps = steps });
            string filled = infiller.Fill("ab[MASK*6]cd[MASK]");
            Assert.DoesNotContain("\uFFFD", filled);
            Assert.StartsWith("ab", filled);
            string gap = filled[2..filled.LastIndexOf("cd", StringComparison.Ordinal)];
            Assert.IsGreaterThan(0, gap.Length);
            Assert.IsGreaterThan(filled.LastIndexOf("cd", StringComparison.Ordinal) + 2, filled.Length, "the last gap has text too");
        }
    }

    private static IEnumerable<byte[]> Combinations(byte[] values, int length) => length == 0
        ? [[]] : Combinations(values, length - 1).SelectMany(start => values.Select(value => (byte[])[.. start, value]));

    private static bool IsUtf8(byte[] bytes)
    {
        try
        {
            Strict.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
