using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Files that several ranks score together: the output is that of one process to the byte, whatever happens on the way.</summary>
[TestClass]
public sealed class GroupScoringTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create();
    private readonly TemporaryFolder _folder = new();

    [ClassCleanup]
    public static void DisposeModel() => Model.Dispose();

    public static IEnumerable<object[]> PairsOfFormats() =>
        from input in BatchTable.Formats from output in BatchTable.Formats select new object[] { input, output };

    [TestCleanup]
    public void Clean() => _folder.Dispose();

    [TestMethod]
    [DynamicData(nameof(PairsOfFormats))]
    public void EveryFormatGivesTheBytesOfOneProcess(BatchFormat input, BatchFormat output)
    {
        string name = "in" + BatchTable.Extension(input), target = "out" + BatchTable.Extension(output);
        BatchTable.Write(_folder.File(name), input, BatchTable.Tickets(11));
        byte[] whole = Whole(name, target);
        foreach (int size in new[] { 1, 2, 4 })
        {
            BatchScoringResult[] results = ThreadGroup.Run(size, group => Score(group, name, target));
            CollectionAssert.AreEqual(whole, Bytes(target), $"{size} ranks");
            Assert.AreEqual((11L, 0L, _folder.File(target)), (results[0].RowCount, results[0].RejectedRowCount, results[0].OutputPath));
            Assert.IsTrue(results.All(result => result == results[0]), "all ranks return the same");
            AssertFiles(name, target);
            File.Delete(_folder.File(target));
        }
    }

    [TestMethod]
    [DataRow("in.jsonl", "out.jsonl")]
    [DataRow("in.jsonl", "out.parquet")]
    [DataRow("in.csv", "out.csv")]
    [DataRow("in.csv", "out.jsonl")]
    public void RejectedRowsAreThoseOfOneProcess(string input, string output)
    {
        WriteWithBadRows(input);
        BatchScoringResult one = Score(SingleProcess.Instance, input, output, o => o.InvalidRows = InvalidRows.Skip);
        Assert.IsTrue(one.RowCount > 3 && one.RejectedRowCount > 3);
        byte[] whole = Bytes(output), rejected = File.ReadAllBytes(one.RejectedPath!);
        foreach (int size in new[] { 2, 4 })
        {
            BatchScoringResult[] results = ThreadGroup.Run(size, group => Score(group, input, output, o =>
                (o.InvalidRows, o.Overwrite) = (InvalidRows.Skip, true)));
            CollectionAssert.AreEqual(whole, Bytes(output));
            CollectionAssert.AreEqual(rejected, File.ReadAllBytes(results[^1].RejectedPath!));
            Assert.AreEqual(one with { Seconds = 0 }, results[^1] with { Seconds = 0 });
            AssertFiles(input, output, output + ".rejected.jsonl");
        }
        File.WriteAllText(_folder.File("good.jsonl"), "{\"Text\":\"the cat\"}\n");
        Assert.IsNull(ThreadGroup.Run(2, group => Score(group, "good.jsonl", output, o => o.Overwrite = true))[1].RejectedPath);
        AssertFiles("good.jsonl", input, output);
    }

    [TestMethod]
    public void ByteOrderMarkNamesAndLineBreaksStandOnceAndAsTheyAre()
    {
        byte[] content = [.. "\uFEFF"u8, .. "Text,\"No\"\"te\"\r\n\"the\r\ncat\",x \"y\"\r\n\r\na dog,\"plain\"\r\nthe sea,"u8];
        File.WriteAllBytes(_folder.File("in.csv"), content);
        File.WriteAllText(_folder.File("bare.csv"), "the cat,1\na dog,2\nthe sea,3\n");
        static void ByColumn(BatchScoringOptions options)
        {
            var schema = new DataViewSchema.Builder();
            schema.AddColumn("Column1", TextDataViewType.Instance);
            (options.HasHeader, options.InputSchema) = (false, schema.ToSchema());
        }
        byte[] whole = Whole("in.csv", "out.csv"), bare = Whole("bare.csv", "bare-out.csv", ByColumn, "Column1");
        foreach (int size in new[] { 2, 3, 8 })
        {
            ThreadGroup.Run(size, group => Score(group, "in.csv", "out.csv", o => o.Overwrite = true));
            CollectionAssert.AreEqual(whole, Bytes("out.csv"));
            ThreadGroup.Run(size, group => Score(group, "bare.csv", "bare-out.csv", o =>
            {
                ByColumn(o);
                o.Overwrite = true;
            }, textColumn: "Column1"));
            CollectionAssert.AreEqual(bare, Bytes("bare-out.csv"));
        }
    }

    [TestMethod]
    public void MoreRanksThanRowsGiveTheSame()
    {
        File.WriteAllText(_folder.File("one.csv"), "Text\nthe cat\n");
        File.WriteAllText(_folder.File("none.csv"), "Text\n");
        File.WriteAllText(_folder.File("none.jsonl"), "\n");
        DataViewSchema schema = new MLContext(1).Data.LoadFromEnumerable(TextRow.Make()).Schema;
        foreach (string input in new[] { "one.csv", "none.csv", "none.jsonl" })
        {
            foreach (string output in new[] { "out.csv", "out.jsonl", "out.parquet" })
            {
                byte[] whole = Whole(input, output, o => o.InputSchema = schema);
                long rows = ThreadGroup.Run(4, group => Score(group, input, output, o => o.InputSchema = schema))[3].RowCount;
                Assert.AreEqual(input == "one.csv" ? 1 : 0, rows);
                CollectionAssert.AreEqual(whole, Bytes(output), $"{input} to {output}");
                File.Delete(_folder.File(output));
            }
        }
        AssertFiles("none.csv", "none.jsonl", "one.csv");
    }

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
        (_, Exception?[] errors) = ThreadGroup.Try(2, group => Score(group, "in.jsonl", "out.jsonl", o =>
        {
            o.BlockSize = 2;
            if (group.Rank == 0)
            {
                // Its first block takes as long as the other needs to fail.
                o.Progress = new Collected<BatchScoringProgress>(_ => Assert.IsTrue(
                    SpinWait.SpinUntil(() => File.Exists(_folder.File("out.jsonl.stop.partial")), TimeSpan.FromMinutes(2))));
            }
        }));
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
                firstIsDone.Wait();
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

    [TestMethod]
    public void WhatIsWrongOnAnyRankIsSaidBeforeAnythingIsWritten()
    {
        File.WriteAllText(_folder.File("in.csv"), "Text\na\nb\n");
        File.WriteAllText(_folder.File("other.csv"), "Body\na\nb\n");
        void Refused(string expected, Func<IProcessGroup, BatchScoringResult> score)
        {
            (_, Exception?[] errors) = ThreadGroup.Try(2, score);
            Assert.IsTrue(errors.All(error => error is not null));
            foreach (Exception? error in errors)
                StringAssert.Contains(error!.Message, expected);
            AssertFiles("in.csv", "other.csv");
        }
        Refused("'Text'", group => Score(group, group.Rank == 0 ? "in.csv" : "other.csv", "out.csv"));
        Refused("Shard is 1/2; it must be 1/1, as ProcessGroup has 2", group => Score(
            group, "in.csv", "out.csv", o => o.Shard = new BatchShard(1, 2)));
        Refused("rank 1: OutputPath is out2.csv, and on rank 0 out.csv", group => Score(
            group, "in.csv", group.Rank == 0 ? "out.csv" : "out2.csv"));
        Refused("rank 1: InvalidRows is Skip, and on rank 0 Throw", group => Score(
            group, "in.csv", "out.csv", o => o.InvalidRows = group.Rank == 0 ? InvalidRows.Throw : InvalidRows.Skip));
        Refused("rank 1: OutputColumns is", group => Score(
            group, "in.csv", "out.csv", o => o.OutputColumns = group.Rank == 0 ? null : ["TokenCount"]));
        var ml = new MLContext(1);
        IDataView data = ml.Data.LoadFromEnumerable(BatchTable.Tickets(2));
        ITransformer grouped = ml.MaskedDiffusion().ScoreChoices(Model, new GroupedChoiceScoringOptions
        {
            GroupColumnName = "Id", ContextColumnName = "Text", ChoiceColumnName = "Note",
        }).Fit(data);
        Refused("one to one", group => new MLContext(1).MaskedDiffusion().ScoreFile(grouped, Options(group, "in.csv", "out.csv")));
    }

    [TestMethod]
    public void AnOutputThatIsThereStays()
    {
        File.WriteAllText(_folder.File("in.csv"), "Text\na\nb\n");
        foreach (string name in new[] { "out.csv", "out.csv.partial", "out.csv.rejected.jsonl", "out.csv.stop.partial" })
        {
            File.WriteAllText(_folder.File(name), "mine");
            (_, Exception?[] errors) = ThreadGroup.Try(2, group => Score(group, "in.csv", "out.csv"));
            StringAssert.Contains(((IOException)errors[0]!).Message, name);
            Assert.IsInstanceOfType<RankFailedException>(errors[1]);
            Assert.AreEqual("mine", File.ReadAllText(_folder.File(name)));
            AssertFiles("in.csv", name);
            File.Delete(_folder.File(name));
        }
    }

    [TestMethod]
    public void NobodyElseBeginsWithTheOutputMeanwhile()
    {
        BatchTable.Write(_folder.File("in.csv"), BatchFormat.Csv, BatchTable.Tickets(11));
        Exception?[]? second = null;
        BatchScoringResult[] results = ThreadGroup.Run(2, group => Score(group, "in.csv", "out.csv", o =>
        {
            if (group.Rank == 0)
            {
                o.Progress = new Collected<BatchScoringProgress>(
                    _ => second ??= ThreadGroup.Try(2, other => Score(other, "in.csv", "out.csv")).Errors);
            }
        }));
        StringAssert.Contains(((IOException)second![0]!).Message, "another process may be scoring");
        Assert.AreEqual(11, results[1].RowCount);
    }

    // A run that comes as far as the note that the rows are joined, from parts that are done.
    private Dictionary<string, byte[]> Joined(string output)
    {
        string last = _folder.File(output + ".part-2-of-2.progress.jsonl");
        string[] lines = File.ReadAllLines(last);
        // The last block of the second rank is scored once more, so that there is a moment before the joining.
        File.WriteAllLines(last, lines[..^2]);
        (_, Exception?[] errors) = ThreadGroup.Try(2, group => Score(group, "in.jsonl", output, o =>
        {
            o.InvalidRows = InvalidRows.Skip;
            if (group.Rank == 1)
                o.Progress = new Collected<BatchScoringProgress>(_ => File.WriteAllText(_folder.File(output), "mine"));
        }));
        StringAssert.Contains(((IOException)errors[0]!).Message, output);
        Assert.IsInstanceOfType<RankFailedException>(errors[1]);
        Assert.AreEqual("mine", File.ReadAllText(_folder.File(output)));
        File.Delete(_folder.File(output));
        return Files();
    }

    private void WriteWithBadRows(string input)
    {
        string[] texts = ["the cat sat", "a dog", "one two three", "die große Straße 猫"];
        bool isJson = input.EndsWith("jsonl", StringComparison.Ordinal);
        string good(int i) => isJson ? $"{{\"Text\":\"{texts[i % 4]}\",\"N\":{i}}}" : $"\"{texts[i % 4]}\n{i}\",{i}";
        string bad(int i) => isJson ? $"{{\"Text\":{i}}}" : $"\"only\n{i}\"";
        IEnumerable<string> rows = Enumerable.Range(0, 30).Select(i => i % 4 == 1 ? bad(i) : good(i));
        File.WriteAllText(_folder.File(input), string.Concat((isJson ? rows : rows.Prepend("Text,N")).Select(row => row + "\n")));
    }

    private byte[] Whole(string input, string output, Action<BatchScoringOptions>? change = null, string textColumn = "Text")
    {
        Score(SingleProcess.Instance, input, output, change, textColumn);
        byte[] whole = Bytes(output);
        File.Delete(_folder.File(output));
        return whole;
    }

    private BatchScoringOptions Options(
        IProcessGroup group, string input, string output, Action<BatchScoringOptions>? change = null)
    {
        var options = new BatchScoringOptions
        {
            InputPath = _folder.File(input), OutputPath = _folder.File(output), BlockSize = 3, ProcessGroup = group,
        };
        change?.Invoke(options);
        return options;
    }

    private BatchScoringResult Score(
        IProcessGroup group, string input, string output, Action<BatchScoringOptions>? change = null, string textColumn = "Text",
        MaskedDiffusionModel? model = null)
    {
        var ml = new MLContext(1);
        IDataView rows = ml.Data.LoadFromEnumerable(TextRow.Make());
        IDataView none = ml.Transforms.CopyColumns(textColumn, "Text").Fit(rows).Transform(rows);
        var scoring = new LikelihoodScoringOptions { TextColumnName = textColumn };
        ITransformer transformer = ml.MaskedDiffusion().ScoreLikelihood(model ?? Model, scoring).Fit(none);
        return ml.MaskedDiffusion().ScoreFile(transformer, Options(group, input, output, change));
    }

    private byte[] Bytes(string name) => File.ReadAllBytes(_folder.File(name));

    private Dictionary<string, byte[]> Files() =>
        Directory.GetFiles(_folder.Path).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);

    private void Restore(Dictionary<string, byte[]> files, params string[] only)
    {
        foreach (string path in Directory.GetFiles(_folder.Path))
            File.Delete(path);
        foreach ((string name, byte[] content) in files.Where(file => only.Length == 0 || only.Contains(file.Key)))
            File.WriteAllBytes(_folder.File(name), content);
    }

    private void AssertFiles(params string[] names) => CollectionAssert.AreEquivalent(names, Files().Keys);

    private void AssertFiles(Dictionary<string, byte[]> expected)
    {
        Dictionary<string, byte[]> files = Files();
        CollectionAssert.AreEquivalent(expected.Keys, files.Keys);
        foreach ((string name, byte[] content) in expected)
            CollectionAssert.AreEqual(content, files[name], name);
    }
}
