namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <content>Scorings that were stopped, killed or failed, and what goes on from them.</content>
public sealed partial class GroupScoringTests
{
    [TestMethod]
    [DataRow("out.csv")]
    [DataRow("out.jsonl")]
    [DataRow("out.parquet")]
    public void AStoppedRunGoesOnToTheSameBytesOnAsManyRanksOnly(string output)
    {
        BatchTable.Write(_folder.File("in.jsonl"), BatchFormat.JsonLines, BatchTable.Tickets(24));
        byte[] whole = Whole("in.jsonl", output);
        using var stop = new CancellationTokenSource();
        (_, Exception?[] errors) = ThreadGroup.Try(2, group => Score(group, "in.jsonl", output, o =>
        {
            if (group.Rank == 0)
                return;
            o.Progress = new Collected<BatchScoringProgress>(_ => stop.Cancel());
            o.CancellationToken = stop.Token;
        }));
        Assert.IsTrue(errors.All(error => error is OperationCanceledException), string.Join('\n', errors.Select(error => $"{error}")));
        StringAssert.Contains(errors[0]!.Message, "Rank 1 of 2");
        Assert.IsFalse(File.Exists(_folder.File(output)), "the output appears at the end");
        // What a kill in the midst of the next block leaves.
        File.AppendAllText(_folder.File(output + ".part-2-of-2.partial"), "{\"half a ro");
        File.AppendAllText(_folder.File(output + ".part-2-of-2.progress.jsonl"), "{\"rows\":");

        Dictionary<string, byte[]> left = Files();
        foreach (int size in new[] { 1, 3 })
        {
            (_, Exception?[] refused) = ThreadGroup.Try(size, group => Score(group, "in.jsonl", output));
            Assert.IsInstanceOfType<InvalidDataException>(refused[0]);
            StringAssert.Contains(refused[0]!.Message, "a scoring by 2 processes");
            StringAssert.Contains(refused[0]!.Message, output + ".part-");
            Assert.IsTrue(refused.Skip(1).All(error => error is RankFailedException { Rank: 0 }));
            AssertFiles(left);
        }

        Collected<BatchScoringProgress>[] progress = ThreadGroup.Run(2, group =>
        {
            var reports = new Collected<BatchScoringProgress>();
            Assert.AreEqual(24, Score(group, "in.jsonl", output, o => o.Progress = reports).RowCount);
            return reports;
        });
        CollectionAssert.AreEqual(whole, Bytes(output));
        AssertFiles("in.jsonl", output);
        Assert.AreEqual(6, progress[1].Reports[0].RowCount, "it goes on behind its first block of 3");
        Assert.AreEqual(100, progress[1].Reports[^1].Percent, "each rank tells of its part");
        Assert.IsTrue(progress[1].Reports[^1].RowCount < 24);
    }

    [TestMethod]
    public void ARankThatFailsStopsTheOthersBeforeTheirNextBlock()
    {
        string[] lines = [.. Enumerable.Range(0, 12).Select(i => i == 9 ? "{\"Text\":1}" : $"{{\"Text\":\"the cat {i}\"}}")];
        File.WriteAllLines(_folder.File("in.jsonl"), lines);
        // The second rank fails in its second block, not before the first rank has a block; that one waits with its next until then.
        using var isBegun = new ManualResetEventSlim();
        void AfterBlock(int rank)
        {
            if (rank == 0)
                isBegun.Set();
            Assert.IsTrue(rank == 0
                ? SpinWait.SpinUntil(
                    () => new FileInfo(_folder.File("out.jsonl.stop.partial")) is { Exists: true, Length: > 0 }, TimeSpan.FromMinutes(2))
                : isBegun.Wait(TimeSpan.FromMinutes(2)));
        }
        (_, Exception?[] errors) = ThreadGroup.Try(2, group => Score(group, "in.jsonl", "out.jsonl", o =>
            (o.BlockSize, o.Progress) = (2, new Collected<BatchScoringProgress>(_ => AfterBlock(group.Rank)))));
        StringAssert.Contains(((InvalidDataException)errors[1]!).Message, "in.jsonl, line 10: column 'Text'");
        Assert.AreEqual(1, ((RankFailedException)errors[0]!).Rank);
        StringAssert.Contains(errors[0]!.Message, "Rank 1 of 2");
        StringAssert.Contains(errors[0]!.Message, "in.jsonl, line 10: column 'Text'");
        Assert.AreEqual(2, File.ReadAllLines(_folder.File("out.jsonl.part-1-of-2.progress.jsonl")).Length, "settings and one block");
        AssertFiles("in.jsonl", "out.jsonl.progress.jsonl", "out.jsonl.part-1-of-2.partial", "out.jsonl.part-1-of-2.progress.jsonl",
            "out.jsonl.part-2-of-2.partial", "out.jsonl.part-2-of-2.progress.jsonl");

        // What tells to stop may be left of a run that was killed, and is no word of this one.
        File.WriteAllText(_folder.File("out.jsonl.stop.partial"), "an earlier run");
        BatchScoringResult result =
            ThreadGroup.Run(2, group => Score(group, "in.jsonl", "out.jsonl", o => o.InvalidRows = InvalidRows.Skip))[0];
        Assert.AreEqual((11L, 1L), (result.RowCount, result.RejectedRowCount));
        byte[] output = Bytes("out.jsonl"), rejected = Bytes("out.jsonl.rejected.jsonl");
        AssertFiles("in.jsonl", "out.jsonl", "out.jsonl.rejected.jsonl");
        Score(SingleProcess.Instance, "in.jsonl", "out.jsonl", o => (o.InvalidRows, o.Overwrite) = (InvalidRows.Skip, true));
        CollectionAssert.AreEqual(output, Bytes("out.jsonl"));
        CollectionAssert.AreEqual(rejected, Bytes("out.jsonl.rejected.jsonl"));
    }

    [TestMethod]
    [DataRow("out.csv")]
    [DataRow("out.parquet")]
    public void AKillAtAnyStepOfTheEndIsSurvived(string output)
    {
        WriteWithBadRows("in.jsonl");
        void Skip(BatchScoringOptions options) => options.InvalidRows = InvalidRows.Skip;
        Score(SingleProcess.Instance, "in.jsonl", output, Skip);
        string[] names = ["in.jsonl", output, output + ".rejected.jsonl"];
        Dictionary<string, byte[]> whole = Files();
        BatchScoringResult Survived(int size, Dictionary<string, byte[]> killed)
        {
            Restore(killed);
            BatchScoringResult result = ThreadGroup.Run(size, group => Score(group, "in.jsonl", output, Skip))[size - 1];
            AssertFiles(whole);
            return result;
        }

        // All parts are done and the joining fails: a folder stands where the rows go.
        Restore(whole, "in.jsonl");
        using var stop = new CancellationTokenSource();
        ThreadGroup.Try(2, group => Score(group, "in.jsonl", output, o =>
        {
            Skip(o);
            stop.Cancel();
            o.CancellationToken = stop.Token;
        }));
        Directory.CreateDirectory(_folder.File(output + ".partial"));
        (_, Exception?[] errors) = ThreadGroup.Try(2, group => Score(group, "in.jsonl", output, Skip));
        Assert.IsInstanceOfType<UnauthorizedAccessException>(errors[0]);
        Assert.IsInstanceOfType<RankFailedException>(errors[1]);
        Directory.Delete(_folder.File(output + ".partial"));
        Dictionary<string, byte[]> scored = Files();
        Assert.IsTrue(scored.ContainsKey(output + ".part-2-of-2.rejected.jsonl.partial"));
        BatchScoringResult result = Survived(2, scored);
        Assert.IsTrue(result.RejectedRowCount > 3);

        // Killed in the midst of the joining, by which the rows are there in part.
        Dictionary<string, byte[]> joining = new(scored)
        {
            [output + ".partial"] = "half"u8.ToArray(), [output + ".rejected.jsonl.partial"] = "half"u8.ToArray(),
        };
        Survived(2, joining);

        // The rows are joined, which the log says, and the output cannot be placed: a file has come there meanwhile.
        Restore(scored);
        string log = output + ".progress.jsonl";
        Dictionary<string, byte[]> joined = Joined(output);
        // Of Parquet the rows are converted already.
        Assert.IsTrue(joined.ContainsKey(output + ".partial") || joined.ContainsKey(output + ".converted.partial"));
        Assert.IsTrue(joined.ContainsKey(output + ".rejected.jsonl.partial"));
        Assert.IsFalse(joined.Keys.Any(name => name.Contains(".part-", StringComparison.Ordinal)), "the parts are not needed any more");
        // As nothing is left of the parts, any number of processes goes on.
        foreach (int size in new[] { 1, 2, 3 })
            Assert.AreEqual(result with { Seconds = 0 }, Survived(size, joined) with { Seconds = 0 });

        // Killed before the parts were deleted, or before all of them were.
        Dictionary<string, byte[]> undeleted = new(joined);
        foreach ((string name, byte[] content) in scored.Where(file => file.Key.Contains(".part-2", StringComparison.Ordinal)))
            undeleted.Add(name, content);
        Assert.AreEqual(result with { Seconds = 0 }, Survived(2, undeleted) with { Seconds = 0 });
        Restore(undeleted);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(
            () => Score(SingleProcess.Instance, "in.jsonl", output, Skip)).Message, "a scoring by 2 processes");
        AssertFiles(undeleted);

        // Killed with the output in its place.
        Assert.AreEqual(
            result with { Seconds = 0 }, Survived(2, new(whole) { [log] = joined[log] }) with { Seconds = 0 });
        CollectionAssert.AreEquivalent(names, Files().Keys);
    }

    [TestMethod]
    public void WhatOneProcessHasLeftIsRefused()
    {
        BatchTable.Write(_folder.File("in.csv"), BatchFormat.Csv, BatchTable.Tickets(11));
        byte[] whole = Whole("in.csv", "out.csv");
        using var stop = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(() => Score(SingleProcess.Instance, "in.csv", "out.csv", o =>
        {
            o.Progress = new Collected<BatchScoringProgress>(_ => stop.Cancel());
            o.CancellationToken = stop.Token;
        }));
        Dictionary<string, byte[]> left = Files();
        (_, Exception?[] errors) = ThreadGroup.Try(2, group => Score(group, "in.csv", "out.csv"));
        StringAssert.Contains(((InvalidDataException)errors[0]!).Message, "a scoring by one process, which has done 3 rows");
        StringAssert.Contains(errors[0]!.Message, _folder.File("out.csv.progress.jsonl"));
        Assert.IsInstanceOfType<RankFailedException>(errors[1]);
        AssertFiles(left);
        Score(SingleProcess.Instance, "in.csv", "out.csv");
        CollectionAssert.AreEqual(whole, Bytes("out.csv"));
    }

    [TestMethod]
    public void AnotherModelDoesNotGoOnEvenWhereAPartIsDone()
    {
        File.WriteAllLines(_folder.File("in.jsonl"), Enumerable.Range(0, 20).Select(i => $"{{\"Text\":\"the cat {i}\"}}"));
        using var stop = new CancellationTokenSource();
        using var firstIsDone = new ManualResetEventSlim();
        ThreadGroup.Try(2, group => Score(group, "in.jsonl", "out.jsonl", o =>
        {
            o.BlockSize = group.Rank == 0 ? 100 : 3;
            o.CancellationToken = group.Rank == 0 ? CancellationToken.None : stop.Token;
            o.Progress = new Collected<BatchScoringProgress>(_ =>
            {
                if (group.Rank == 0)
                {
                    firstIsDone.Set();
                    return;
                }
                Assert.IsTrue(firstIsDone.Wait(TimeSpan.FromMinutes(2)), "the first rank ends");
                stop.Cancel();
            });
        }));
        StringAssert.Contains(File.ReadAllLines(_folder.File("out.jsonl.part-1-of-2.progress.jsonl"))[^1], "\"done\":true");
        Dictionary<string, byte[]> left = Files();
        using MaskedDiffusionModel other = TinyModel.Create(seed: 4);
        (_, Exception?[] errors) = ThreadGroup.Try(2, group => Score(group, "in.jsonl", "out.jsonl", model: other));
        StringAssert.Contains(((InvalidDataException)errors[0]!).Message, "out.jsonl.part-1-of-2.partial holds another result");
        StringAssert.Contains(((InvalidDataException)errors[1]!).Message, "out.jsonl.part-2-of-2.partial holds another result");
        AssertFiles(left);
        Assert.AreEqual(20, ThreadGroup.Run(2, group => Score(group, "in.jsonl", "out.jsonl"))[0].RowCount);
    }
}
