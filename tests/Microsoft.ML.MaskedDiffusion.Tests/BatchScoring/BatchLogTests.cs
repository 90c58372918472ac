using Microsoft.ML.MaskedDiffusion.BatchScoring;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What a scoring goes on from is what a scoring has written.</summary>
[TestClass]
public sealed class BatchLogTests
{
    private static readonly BatchState State = new()
    {
        Rows = 3,
        Next = new RecordPosition(30, 3, 3),
        OutputBytes = 90,
        Last = new RecordPosition(21, 2, 2),
        LastOutput = 61,
        Earlier = [new RowMark(new RecordPosition(0, 0, 0), 0), new RowMark(new RecordPosition(11, 1, 1), 32)],
    };

    [TestMethod]
    [DataRow("\"Offset\":21", "\"Offset\":21", true)]
    [DataRow("\"Offset\":21", "\"Offset\":-21", false)]
    [DataRow("\"Offset\":21", "\"Offset\":31", false)]
    [DataRow("\"Offset\":11", "\"Offset\":-11", false)]
    [DataRow("\"Offset\":11", "\"Offset\":22", false)]
    [DataRow("\"Offset\":30", "\"Offset\":-30", false)]
    [DataRow("\"output\":32", "\"output\":62", false)]
    [DataRow("\"lastOutput\":61", "\"lastOutput\":91", false)]
    [DataRow("\"outputBytes\":90", "\"outputBytes\":-90", false)]
    [DataRow("\"lastEnd\":null", "\"lastEnd\":91", false)]
    [DataRow("\"rows\":3", "\"rows\":-3", false)]
    public void PlacesThatNoScoringHasReachedAreRefused(string there, string other, bool isTaken)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("out.jsonl.progress.jsonl");
        using (BatchLog log = BatchLog.Open(path, []))
            log.Append(State);
        string text = File.ReadAllText(path);
        StringAssert.Contains(text, there);
        File.WriteAllText(path, text.Replace(there, other, StringComparison.Ordinal));
        if (isTaken)
        {
            using BatchLog read = BatchLog.Open(path, []);
            Assert.AreEqual(State.Next, read.State!.Next);
            CollectionAssert.AreEqual(State.LastRows().ToArray(), read.State.LastRows().ToArray());
            return;
        }
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => BatchLog.Open(path, [])).Message, $"{path}, line 2: ");
    }
}
