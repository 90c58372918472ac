using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Corpora.Prompts;
using Microsoft.ML.MaskedDiffusion.Text.BytePair;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class RowEncoderTests
{
    // A corpus of one letter has nothing to merge: the tokens are the bytes.
    private static readonly TextTokenizer Bytes = BytePairTrainer.Train(["x"], BytePairTrainer.MinimumVocabularySize);

    private static readonly (long, FineTuningRow)[] Rows =
    [
        (1, new FineTuningRow("ab", "c", "de")), (2, new FineTuningRow("", "", "fghijklm")),
        (4, new FineTuningRow("abcdefghijkl", "", "m")),
    ];

    private static RowEncoder Encoder(int maxLength, RowOverflow overflow = RowOverflow.Skip,
        IProgress<TrainingProgress>? progress = null) =>
        new(Bytes, maxLength, overflow, progress, TimeProvider.System);

    [TestMethod]
    public void ADocumentsStartIsAPromptToo()
    {
        int end = Bytes.EndOfSequenceId!.Value;
        RowBlocks blocks = Encoder(20).Encode(Rows, RowPadding.None, "data", CancellationToken.None);
        long[] ids = new long[blocks.Length];
        blocks.Read(0, ids);
        CollectionAssert.AreEqual(Array.ConvertAll([end, .. Bytes.Encode("abcde"), end], id => (long)id), ids[..7]);
        Assert.AreEqual(new RowExtent(4, 7), blocks.Extent(0));
        Assert.AreEqual(new RowExtent(1, 10), blocks.Extent(1));
        Assert.AreEqual(new RowExtent(13, 15), blocks.Extent(2));
    }

    [TestMethod]
    public void ATokenizersOwnBeginningStandsBeforeEachPartInstead()
    {
        TextTokenizer beginning = TextTokenizer.FromFiles(new Dictionary<string, byte[]>(Bytes.Files)
        {
            ["special_tokens_map.json"] = """{"bos_token": "!", "eos_token": "<|endoftext|>"}"""u8.ToArray(),
        });
        int mark = beginning.BeginningOfSequenceId!.Value, end = beginning.EndOfSequenceId!.Value;
        RowBlocks blocks = new RowEncoder(beginning, 20, RowOverflow.Throw, null, TimeProvider.System)
            .Encode(Rows[..2], RowPadding.None, "data", CancellationToken.None);
        long[] ids = new long[blocks.Length];
        blocks.Read(0, ids);
        int[] expected = [mark, .. beginning.Encode("ab"), mark, .. beginning.Encode("c"), mark, .. beginning.Encode("de"), end];
        CollectionAssert.AreEqual(Array.ConvertAll(expected, id => (long)id), ids[..9]);
        Assert.AreEqual(new RowExtent(5, 9), blocks.Extent(0));
        // A whole text is learned with its beginning, as published.
        Assert.AreEqual(new RowExtent(0, 10), blocks.Extent(1));
    }

    [TestMethod]
    public void LongRowsAreCountedOrNamedButNeverCut()
    {
        var progress = new Collected<TrainingProgress>();
        RowEncoder skipping = Encoder(10, progress: progress);
        Assert.AreEqual(2, skipping.Encode(Rows, RowPadding.None, "data", CancellationToken.None).Count);
        Assert.AreEqual(1, skipping.LongRowCount);
        Assert.AreEqual(17, progress.Reports[^1].Tokens);
        Assert.AreEqual(0, Encoder(15).LongRowCount);
        string thrown = Assert.ThrowsExactly<InvalidOperationException>(
            () => Encoder(14, RowOverflow.Throw).Encode(Rows, RowPadding.None, "validation data", CancellationToken.None)).Message;
        StringAssert.StartsWith(thrown, "Row 4 of the validation data has 15 tokens, 13 of them prompt; a row may have 14.");
        string none = Assert.ThrowsExactly<InvalidOperationException>(
            () => Encoder(3).Encode(Rows, RowPadding.None, "training data", CancellationToken.None)).Message;
        StringAssert.StartsWith(none, "All 3 rows of the training data are longer than the 3 tokens a row may have (the longest has 15).");
        StringAssert.Contains(none, "Rows.MaxLength");
    }

    [TestMethod]
    public void StopsWhenCancelled() =>
        Assert.ThrowsExactly<OperationCanceledException>(
            () => Encoder(20).Encode(Rows, RowPadding.None, "data", new CancellationToken(canceled: true)));
}
