using System.Text;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
[DoNotParallelize]
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
