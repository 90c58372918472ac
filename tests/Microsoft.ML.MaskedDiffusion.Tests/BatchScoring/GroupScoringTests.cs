using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Files that several ranks score together: the output is that of one process to the byte, whatever happens on the way.</summary>
[TestClass]
public sealed partial class GroupScoringTests
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
        File.WriteAllText(_folder.File("bare.csv"), "\uFEFFthe cat,1\na dog,2\nthe sea,3\n");
        File.WriteAllText(_folder.File("in.jsonl"), "\uFEFF{\"Text\":\"the cat\" }\r\n{\"Text\":\"a dog\"}\n{\"Text\":\"the sea\"}");
        static void ByColumn(BatchScoringOptions options)
        {
            var schema = new DataViewSchema.Builder();
            schema.AddColumn("Column1", TextDataViewType.Instance);
            (options.HasHeader, options.InputSchema) = (false, schema.ToSchema());
        }
        byte[] whole = Whole("in.csv", "out.csv"), bare = Whole("bare.csv", "bare-out.csv", ByColumn, "Column1");
        byte[] lines = Whole("in.jsonl", "out.jsonl");
        foreach (byte[] file in new[] { whole, bare, lines })
            CollectionAssert.AreEqual("\uFEFF"u8.ToArray(), file[..3]);
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
            ThreadGroup.Run(size, group => Score(group, "in.jsonl", "out.jsonl", o => o.Overwrite = true));
            CollectionAssert.AreEqual(lines, Bytes("out.jsonl"));
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
