using System.Text.Json;
using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Rows that cannot be read or scored, and runs that must not go on.</summary>
[TestClass]
public sealed class RejectedRowTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create();
    private readonly TemporaryFolder _folder = new();

    [ClassCleanup]
    public static void DisposeModel() => Model.Dispose();

    [TestCleanup]
    public void Clean() => _folder.Dispose();

    [TestMethod]
    public void BadJsonLinesGoAsideWithLineAndReason()
    {
        byte[] invalid = [.. "{\"Text\":\""u8, 0xFF, .. "\"}"u8];
        (byte[] Line, string? Reason)[] lines =
        [
            ("{\"Text\":\"the cat\"}"u8.ToArray(), null),
            ("{\"Text\":"u8.ToArray(), "no JSON"),
            ("[1]"u8.ToArray(), "array"),
            ("{\"Other\":\"x\"}"u8.ToArray(), "'Text' holds nothing"),
            ("{\"Text\":3}"u8.ToArray(), "the number 3 where a text is expected"),
            ("{\"Text\":\"\\ud800\"}"u8.ToArray(), "no JSON"),
            (invalid, "not UTF-8"),
            ("{\"Text\":\"a dog\",\"More\":1}"u8.ToArray(), null),
        ];
        File.WriteAllBytes(_folder.File("in.jsonl"), [.. lines.SelectMany(line => line.Line.Append((byte)'\n'))]);
        BatchScoringResult result = Score("in.jsonl", "out.jsonl", options => options.InvalidRows = InvalidRows.Skip);
        Assert.AreEqual((2L, 6L), (result.RowCount, result.RejectedRowCount));
        string[] scored = File.ReadAllLines(result.OutputPath);
        StringAssert.StartsWith(scored[0], "{\"Text\":\"the cat\",\"Neg");
        StringAssert.StartsWith(scored[1], "{\"Text\":\"a dog\",\"More\":1,\"Neg");
        JsonElement[] rejected = [.. File.ReadAllLines(result.RejectedPath!).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
        int[] bad = [.. Enumerable.Range(0, lines.Length).Where(i => lines[i].Reason is not null)];
        CollectionAssert.AreEqual(bad.Select(i => i + 1).ToArray(), rejected.Select(row => row.GetProperty("line").GetInt32()).ToArray());
        foreach ((int index, JsonElement row) in bad.Zip(rejected))
            StringAssert.Contains(row.GetProperty("reason").GetString(), lines[index].Reason);
        Assert.AreEqual("[1]", rejected[1].GetProperty("row").GetString());
    }

    [TestMethod]
    public void BadCsvRowsGoAsideWithTheLineInWhichTheyBegin()
    {
        File.WriteAllText(_folder.File("in.csv"), "Text,N\n\"two\nlines\",1\nonly one\n\"a\"b,2\nthe cat,3\n\"open,4\nx\n");
        BatchScoringResult result = Score("in.csv", "out.csv", options => options.InvalidRows = InvalidRows.Skip);
        Assert.AreEqual((2L, 3L), (result.RowCount, result.RejectedRowCount));
        string[] rejected = File.ReadAllLines(result.RejectedPath!);
        StringAssert.StartsWith(rejected[0], "{\"line\":4,\"reason\":\"the row has 1 cells");
        StringAssert.StartsWith(rejected[1], "{\"line\":5,\"reason\":\"cell 1 has characters behind");
        StringAssert.StartsWith(rejected[2], "{\"line\":7,\"reason\":\"a quotation mark");
        StringAssert.Contains(rejected[2], "\"row\":\"\\\"open,4\\nx\"");
    }

    [TestMethod]
    public void WithoutSkippingTheFirstBadRowIsNamed()
    {
        File.WriteAllText(_folder.File("in.jsonl"), "{\"Text\":\"the cat\"}\n{\"Text\":\"a\"}\n{\"Text\":null}\n{\"Text\":1}\n");
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => Score("in.jsonl", "out.jsonl"));
        StringAssert.Contains(error.Message, "in.jsonl, line 3: column 'Text' holds nothing where a text is expected. Set InvalidRows");
        Assert.IsFalse(File.Exists(_folder.File("out.jsonl")));
    }

    [TestMethod]
    public void ARowThatTheModelRefusesGoesAsideAloneAndTheOthersKeepTheirScores()
    {
        // A context longer than the model's is an error of the transformer in the midst of a batch.
        string[] contexts = ["the", "a", string.Concat(Enumerable.Repeat("one two three ", 40)), "by the", "in"];
        string[] lines = [.. contexts.Select(context => JsonSerializer.Serialize(new { Context = context, Text = "cat" }))];
        File.WriteAllLines(_folder.File("in.jsonl"), lines);
        File.WriteAllLines(_folder.File("good.jsonl"), lines.Where((_, i) => i != 2));
        var ml = new MLContext(1);
        IDataView none = ml.Data.LoadFromEnumerable(new List<ContextRow>());
        ITransformer transformer = ml.MaskedDiffusion().ScoreLikelihood(Model, new LikelihoodScoringOptions
        {
            ContextColumnName = "Context", ContextOverflow = ContextOverflow.Throw,
        }).Fit(none);
        BatchScoringResult Run(string input, string output) => ml.MaskedDiffusion().ScoreFile(transformer, new BatchScoringOptions
        {
            InputPath = _folder.File(input), OutputPath = _folder.File(output), InvalidRows = InvalidRows.Skip,
        });
        BatchScoringResult result = Run("in.jsonl", "out.jsonl");
        Assert.AreEqual((4L, 1L), (result.RowCount, result.RejectedRowCount));
        CollectionAssert.AreEqual(
            File.ReadAllBytes(Run("good.jsonl", "good-out.jsonl").OutputPath), File.ReadAllBytes(result.OutputPath));
        StringAssert.StartsWith(File.ReadAllText(result.RejectedPath!), "{\"line\":3,\"reason\":\"");
    }

    [TestMethod]
    public void AFieldWithoutAColumnIsNoLoss()
    {
        string[] rows = [.. Enumerable.Repeat("{\"Text\":\"a\"}", 1000), "{\"Text\":\"a\",\"Late\":1}"];
        File.WriteAllLines(_folder.File("in.jsonl"), rows);
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => Score("in.jsonl", "out.csv"));
        StringAssert.Contains(error.Message, "line 1001: the field 'Late'");
        Score("in.jsonl", "out.parquet");
        Score("in.jsonl", "out2.csv", options => options.KeptColumns = ["Text"]);
        Assert.AreEqual(1002, File.ReadAllLines(_folder.File("out2.csv")).Length);
    }

    [TestMethod]
    public void AnEscapeThatIsNoCharacterIsFoundBeforeTheRowIsScored()
    {
        string[] rows = ["{\"Text\":\"a\",\"Note\":\"x\"}", "{\"Text\":\"a\",\"Note\":\"\\ud83d\"}"];
        File.WriteAllLines(_folder.File("in.jsonl"), rows);
        BatchScoringResult result = Score("in.jsonl", "out.parquet", options => options.InvalidRows = InvalidRows.Skip);
        Assert.AreEqual((1L, 1L), (result.RowCount, result.RejectedRowCount));
        StringAssert.StartsWith(File.ReadAllText(result.RejectedPath!), "{\"line\":2,");
        // As they stand, from JSON lines to JSON lines.
        Assert.AreEqual(2, Score("in.jsonl", "out.jsonl").RowCount);
    }

    [TestMethod]
    public void AnEscapeThatIsNoCharacterIsFoundInAFieldWithoutAColumnToo()
    {
        string[] rows = [.. Enumerable.Repeat("{\"Text\":\"a\"}", 1000), "{\"Text\":\"a\",\"Late\":\"\\ud83d\"}"];
        File.WriteAllLines(_folder.File("in.jsonl"), rows);
        BatchScoringResult result = Score("in.jsonl", "out.parquet", options => options.InvalidRows = InvalidRows.Skip);
        Assert.AreEqual((1000L, 1L), (result.RowCount, result.RejectedRowCount));
        StringAssert.StartsWith(File.ReadAllText(result.RejectedPath!), "{\"line\":1001,");
        // Where the field is not kept, nothing reads it.
        Assert.AreEqual(1001, Score("in.jsonl", "kept.parquet", options => options.KeptColumns = ["Text"]).RowCount);
        Assert.AreEqual(1001, Score("in.jsonl", "out.jsonl").RowCount);
    }

    [TestMethod]
    [DataRow("3,14")]
    [DataRow("1,000")]
    [DataRow("[\"\\ud83d\"]")]
    public void CellsThatAreNoNumbersGoAside(string cell)
    {
        File.WriteAllText(_folder.File("in.csv"), $"Text;N\nthe cat;3.14\na dog;{cell}\n");
        var ml = new MLContext(1);
        IDataView none = ml.Data.LoadFromEnumerable(new List<NumberRow>());
        ITransformer transformer = ml.Transforms.CopyColumns("Copy", "N").Append(ml.MaskedDiffusion().ScoreLikelihood(Model)).Fit(none);
        BatchScoringResult result = ml.MaskedDiffusion().ScoreFile(transformer, new BatchScoringOptions
        {
            InputPath = _folder.File("in.csv"), OutputPath = _folder.File("out.csv"), Separator = ';', InvalidRows = InvalidRows.Skip,
            OutputColumns = ["Copy"], InputSchema = none.Schema,
        });
        Assert.AreEqual((1L, 1L), (result.RowCount, result.RejectedRowCount));
        CollectionAssert.AreEqual(new[] { "Text;N;Copy", "the cat;3.14;3.14" }, File.ReadAllLines(result.OutputPath));
        StringAssert.Contains(File.ReadAllText(result.RejectedPath!), "number");
    }

    [TestMethod]
    public void RejectedRowsThatNoLogCountsAreNotTheResults()
    {
        File.WriteAllLines(_folder.File("in.jsonl"), Enumerable.Repeat("{\"Text\":\"the cat\"}", 4));
        using var stop = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(() => Score("in.jsonl", "out.jsonl", options =>
        {
            options.BlockSize = 2;
            options.Progress = new Collected<BatchScoringProgress>(_ => stop.Cancel());
            options.CancellationToken = stop.Token;
        }));
        // As a kill between a rejected row and the log's entry leaves it.
        File.WriteAllText(_folder.File("out.jsonl.rejected.jsonl.partial"), "{\"line\":1}\n");
        BatchScoringResult result = Score("in.jsonl", "out.jsonl");
        Assert.IsNull(result.RejectedPath);
        string?[] left = [.. Directory.GetFiles(_folder.Path).Select(Path.GetFileName)];
        CollectionAssert.AreEquivalent(new[] { "in.jsonl", "out.jsonl" }, left);
    }

    [TestMethod]
    public void AnOutputThatIsThereStays()
    {
        File.WriteAllText(_folder.File("in.jsonl"), "{\"Text\":\"a\"}\n");
        foreach (string name in new[] { "out.jsonl", "out.jsonl.partial", "out.jsonl.rejected.jsonl" })
        {
            File.WriteAllText(_folder.File(name), "mine");
            IOException error = Assert.ThrowsExactly<IOException>(() => Score("in.jsonl", "out.jsonl"));
            StringAssert.Contains(error.Message, name);
            bool isHelped = error.Message.Contains("set Overwrite", StringComparison.Ordinal);
            Assert.AreEqual(!name.EndsWith(".partial", StringComparison.Ordinal), isHelped);
            Assert.AreEqual("mine", File.ReadAllText(_folder.File(name)));
            File.Delete(_folder.File(name));
        }
    }

    [TestMethod]
    [DataRow("out.jsonl", false)]
    [DataRow("out.jsonl", true)]
    [DataRow("out.jsonl.rejected.jsonl", false)]
    [DataRow("out.jsonl.rejected.jsonl", true)]
    public void AFolderInTheOutputsPlaceIsRefusedBeforeAnythingIsWritten(string name, bool overwrite)
    {
        File.WriteAllText(_folder.File("in.jsonl"), "{\"Text\":\"a\"}\n");
        Directory.CreateDirectory(_folder.File(name));
        IOException error = Assert.ThrowsExactly<IOException>(
            () => Score("in.jsonl", "out.jsonl", options => options.Overwrite = overwrite));
        StringAssert.Contains(error.Message, $"{_folder.File(name)} is a folder");
        StringAssert.Contains(error.Message, "Move or delete it, or set OutputPath");
        CollectionAssert.AreEqual(new[] { _folder.File("in.jsonl") }, Directory.GetFiles(_folder.Path));
    }

    [TestMethod]
    [DataRow("link.jsonl", "data.jsonl")]
    [DataRow("data.jsonl", "link.jsonl")]
    [DataRow("second.jsonl", "data.jsonl")]
    [DataRow("folder/data.jsonl", "data.jsonl")]
    [DataRow("folder/second.jsonl", "data.jsonl")]
    [DataRow("out.jsonl.rejected.jsonl", "out.jsonl")]
    public void AnInputThatTheOutputWouldReplaceIsRefusedWhateverItsPath(string input, string output)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("On Windows a link takes an administrator, or the mode for developers.");
            return;
        }
        const string Rows = "{\"Text\":\"a\"}\n";
        File.WriteAllText(_folder.File("data.jsonl"), Rows);
        File.WriteAllText(_folder.File("out.jsonl.rejected.jsonl"), Rows);
        File.CreateSymbolicLink(_folder.File("link.jsonl"), "data.jsonl");
        File.CreateSymbolicLink(_folder.File("second.jsonl"), _folder.File("link.jsonl"));
        Directory.CreateSymbolicLink(_folder.File("folder"), _folder.Path);
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(
            () => Score(input, output, options => options.Overwrite = true));
        StringAssert.Contains(error.Message, "another file than the input");
        Assert.AreEqual(Rows, File.ReadAllText(_folder.File(input)));
        // A link to somewhere else is an input like any other.
        Assert.AreEqual(1, Score("second.jsonl", "folder/new.jsonl").RowCount);
    }

    [TestMethod]
    public void LinksThatLeadNowhereAreNoInput()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("On Windows a link takes an administrator, or the mode for developers.");
            return;
        }
        File.CreateSymbolicLink(_folder.File("round.jsonl"), "round.jsonl");
        Directory.CreateSymbolicLink(_folder.File("deep"), "deep/deeper");
        File.CreateSymbolicLink(_folder.File("dangling.jsonl"), "missing.jsonl");
        foreach (string input in new[] { "round.jsonl", "deep/in.jsonl", "dangling.jsonl" })
            Assert.Throws<IOException>(() => Score(input, "out.jsonl"), input);
    }

    [TestMethod]
    [DataRow("out.jsonl")]
    [DataRow("out.parquet")]
    public void AFileThatCameToTheOutputsPlaceMeanwhileStays(string output)
    {
        File.WriteAllLines(_folder.File("in.jsonl"), Enumerable.Repeat("{\"Text\":\"the cat\"}", 4));
        using var stop = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(() => Score("in.jsonl", output, options =>
        {
            options.BlockSize = 2;
            options.Progress = new Collected<BatchScoringProgress>(_ => stop.Cancel());
            options.CancellationToken = stop.Token;
        }));
        File.WriteAllText(_folder.File(output), "mine");
        Assert.ThrowsExactly<IOException>(() => Score("in.jsonl", output));
        Assert.AreEqual("mine", File.ReadAllText(_folder.File(output)));
        File.Delete(_folder.File(output));
        Assert.AreEqual(4, Score("in.jsonl", output).RowCount);
    }

    [TestMethod]
    [DataRow("out.jsonl")]
    [DataRow("out.parquet")]
    public void AnOutputIsReplacedWhenTheNewOneIsWhole(string output)
    {
        File.WriteAllText(_folder.File("in.jsonl"), "{\"Text\":\"the cat\"}\n{\"Text\":1}\n");
        File.WriteAllText(_folder.File(output), "mine");
        File.WriteAllText(_folder.File(output + ".rejected.jsonl"), "mine too");
        Assert.ThrowsExactly<InvalidDataException>(() => Score("in.jsonl", output, options => options.Overwrite = true));
        Assert.AreEqual("mine", File.ReadAllText(_folder.File(output)), "a run that fails replaces nothing");
        Assert.AreEqual("mine too", File.ReadAllText(_folder.File(output + ".rejected.jsonl")));
        BatchScoringResult result = Score(
            "in.jsonl", output, options => (options.Overwrite, options.InvalidRows) = (true, InvalidRows.Skip));
        Assert.AreEqual((1L, 1L), (result.RowCount, result.RejectedRowCount));
        StringAssert.StartsWith(File.ReadAllText(_folder.File(output + ".rejected.jsonl")), "{\"line\":2,");
        File.WriteAllText(_folder.File("in.jsonl"), "{\"Text\":\"a dog\"}\n");
        Score("in.jsonl", output, options => options.Overwrite = true);
        string?[] left = [.. Directory.GetFiles(_folder.Path).Select(Path.GetFileName)];
        CollectionAssert.AreEquivalent(new[] { "in.jsonl", output }, left, "rejected rows of the old output are left");
    }

    [TestMethod]
    public void AFileWithoutRowsNeedsASchemaAndGivesAFileWithoutRows()
    {
        File.WriteAllText(_folder.File("in.jsonl"), "\n");
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => Score("in.jsonl", "out.jsonl"));
        StringAssert.Contains(error.Message, "Set InputSchema");
        var ml = new MLContext(1);
        DataViewSchema schema = ml.Data.LoadFromEnumerable(TextRow.Make()).Schema;
        Assert.AreEqual(0, Score("in.jsonl", "out.jsonl", options => options.InputSchema = schema).RowCount);
        Assert.AreEqual("", File.ReadAllText(_folder.File("out.jsonl")));
        File.WriteAllText(_folder.File("in.csv"), "Text\n");
        Score("in.csv", "out.csv", options => options.OutputColumns = ["TokenCount"]);
        Assert.AreEqual("Text,TokenCount\n", File.ReadAllText(_folder.File("out.csv")));
    }

    [TestMethod]
    public void AnotherModelOrOtherOptionsDoNotGoOn()
    {
        File.WriteAllLines(_folder.File("in.jsonl"), Enumerable.Range(0, 9).Select(i => $"{{\"Text\":\"the cat {i}\"}}"));
        InterruptAfterFourRows();
        byte[] partial = File.ReadAllBytes(_folder.File("out.jsonl.partial"));
        using MaskedDiffusionModel other = TinyModel.Create(seed: 4);
        InvalidDataException model = Assert.ThrowsExactly<InvalidDataException>(() => Score("in.jsonl", "out.jsonl", model: other));
        StringAssert.Contains(model.Message, "line 4");
        StringAssert.Contains(model.Message, "or the processor is of another kind, or a GPU computes");
        InvalidDataException columns = Assert.ThrowsExactly<InvalidDataException>(
            () => Score("in.jsonl", "out.jsonl", options => options.OutputColumns = ["TokenCount"]));
        StringAssert.Contains(columns.Message, "OutputColumns was");
        CollectionAssert.AreEqual(partial, File.ReadAllBytes(_folder.File("out.jsonl.partial")), "nothing is lost by the attempts");
        Assert.AreEqual(9, Score("in.jsonl", "out.jsonl").RowCount);
    }

    [TestMethod]
    public void AModelThatGivesTheLastRowTheSameResultDoesNotGoOn()
    {
        // A text without tokens has no likelihood under any model.
        string[] texts = ["the cat", "the dog", "the bird", "", "the tree", "the sea"];
        File.WriteAllLines(_folder.File("in.jsonl"), texts.Select(text => $"{{\"Text\":\"{text}\"}}"));
        InterruptAfterFourRows();
        using MaskedDiffusionModel other = TinyModel.Create(seed: 4);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Score("in.jsonl", "out.jsonl", model: other));
        StringAssert.Contains(error.Message, "another result of the input's line 3 ");
        Assert.AreEqual(6, Score("in.jsonl", "out.jsonl").RowCount);
    }

    [TestMethod]
    public void RowsThatAreDoneButNotInTheirPlaceAreComparedToo()
    {
        File.WriteAllLines(_folder.File("in.jsonl"), Enumerable.Range(0, 9).Select(i => $"{{\"Text\":\"the cat {i}\"}}"));
        // The Parquet file that is made of the rows cannot be written.
        string converted = _folder.File("out.parquet.converted.partial");
        Exception? failed = null;
        try
        {
            Score("in.jsonl", "out.parquet",
                options => options.Progress = new Collected<BatchScoringProgress>(_ => Directory.CreateDirectory(converted)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            failed = error;
        }
        Assert.IsNotNull(failed);
        Directory.Delete(converted);
        StringAssert.Contains(File.ReadAllLines(_folder.File("out.parquet.progress.jsonl"))[^1], "\"done\":true");
        using MaskedDiffusionModel other = TinyModel.Create(seed: 4);
        var refused = Assert.ThrowsExactly<InvalidDataException>(() => Score("in.jsonl", "out.parquet", model: other));
        StringAssert.Contains(refused.Message, "another result of the input's line 9 ");
        Assert.AreEqual(9, Score("in.jsonl", "out.parquet").RowCount);
    }

    [TestMethod]
    public void ALoneEmptyCellIsARow()
    {
        File.WriteAllText(_folder.File("in.jsonl"), "{\"Text\":\"a\"}\n{\"Text\":\"\"}\n{\"Text\":\"b\"}\n");
        var ml = new MLContext(1);
        ITransformer copy = ml.Transforms.CopyColumns("Copy", "Text").Fit(ml.Data.LoadFromEnumerable(TextRow.Make()));
        ml.MaskedDiffusion().ScoreFile(copy, new BatchScoringOptions
        {
            InputPath = _folder.File("in.jsonl"), OutputPath = _folder.File("out.csv"), KeptColumns = [], OutputColumns = ["Copy"],
        });
        Assert.AreEqual("Copy\na\n\"\"\nb\n", File.ReadAllText(_folder.File("out.csv")));
        IDataView table = ml.MaskedDiffusion().LoadTable(new TableOptions { Path = _folder.File("out.csv") });
        CollectionAssert.AreEqual(new[] { "a", "", "b" }, table.GetColumn<string>("Copy").ToArray());
    }

    [TestMethod]
    public void NumbersThatNoTypeHoldsInACommonColumnOfParquetAreTexts()
    {
        File.WriteAllLines(_folder.File("in.jsonl"),
        [
            """{"Text":"a","hash":14695981039346656037,"mixed":9007199254740993,"whole":9007199254740993,"half":1}""",
            """{"Text":"b","hash":5,"mixed":0.5,"whole":-1,"half":0.5}""",
        ]);
        Score("in.jsonl", "out.parquet", options => options.OutputColumns = ["TokenCount"]);
        Score("out.parquet", "back.jsonl", options => options.OutputColumns = ["TokenCount"]);
        string[] back = File.ReadAllLines(_folder.File("back.jsonl"));
        string[] first = ["\"hash\":14695981039346656037,", "\"mixed\":\"9007199254740993\"", "\"whole\":9007199254740993,", "\"half\":1,"];
        foreach (string expected in first)
            StringAssert.Contains(back[0], expected);
        foreach (string expected in new[] { "\"hash\":5,", "\"mixed\":\"0.5\"", "\"whole\":-1,", "\"half\":0.5," })
            StringAssert.Contains(back[1], expected);
    }

    [TestMethod]
    public void AListOfParquetIsOneEvenWithoutItems()
    {
        File.WriteAllLines(_folder.File("in.jsonl"),
        [
            """{"Text":"a","score":5,"maybe":[null],"ids":[],"none":[],"gone":null}""",
            """{"Text":"b","score":[],"maybe":true,"ids":[1,2],"none":[null],"gone":[]}""",
        ]);
        Score("in.jsonl", "out.parquet", options => options.OutputColumns = ["TokenCount"]);
        Score("out.parquet", "back.jsonl", options => options.OutputColumns = ["TokenCount"]);
        string[] back = File.ReadAllLines(_folder.File("back.jsonl"));
        // A value in one row and a list in another have the text of JSON in common.
        StringAssert.StartsWith(back[0], """{"Text":"a","score":"5","maybe":"[null]","ids":[],"none":[],"gone":null,""");
        StringAssert.StartsWith(back[1], """{"Text":"b","score":"[]","maybe":"true","ids":[1,2],"none":[null],"gone":[],""");
    }

    [TestMethod]
    public void TwoRunsIntoOneOutputDoNotMix()
    {
        File.WriteAllLines(_folder.File("in.jsonl"), Enumerable.Repeat("{\"Text\":\"the cat\"}", 4));
        IOException? second = null;
        BatchScoringResult first = Score("in.jsonl", "out.jsonl", options =>
        {
            options.BlockSize = 2;
            options.Progress = new Collected<BatchScoringProgress>(
                _ => second ??= Assert.ThrowsExactly<IOException>(() => Score("in.jsonl", "out.jsonl")));
        });
        StringAssert.Contains(second!.Message, "another process may be scoring");
        Assert.AreEqual(4, first.RowCount);
    }

    [TestMethod]
    [DataRow("in.csv", "", "is empty")]
    [DataRow("in.csv", "Text,Text\na,b\n", "there twice")]
    [DataRow("in.parquet", "PAR1 and nothing", "Parquet")]
    public void AFileThatIsNoneOfItsFormatIsSaid(string name, string content, string expected)
    {
        File.WriteAllText(_folder.File(name), content);
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => Score(name, "out.jsonl"));
        StringAssert.Contains(error.Message, name);
        StringAssert.Contains(error.Message, expected);
        Assert.AreEqual(1, Directory.GetFiles(_folder.Path).Length, "nothing is begun");
        // It is closed again.
        File.Open(_folder.File(name), FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
    }

    [TestMethod]
    public void AMissingColumnIsNamedBeforeAnythingIsWritten()
    {
        File.WriteAllText(_folder.File("in.csv"), "Body\na\n");
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Score("in.csv", "out.csv"));
        StringAssert.Contains(error.Message, "'Text'");
        StringAssert.Contains(error.Message, "Body");
        StringAssert.Contains(error.Message, _folder.File("in.csv"));
        Assert.AreEqual(1, Directory.GetFiles(_folder.Path).Length);
    }

    private void InterruptAfterFourRows()
    {
        using var stop = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(() => Score("in.jsonl", "out.jsonl", options =>
        {
            options.BlockSize = 4;
            options.Progress = new Collected<BatchScoringProgress>(_ => stop.Cancel());
            options.CancellationToken = stop.Token;
        }));
    }

    private BatchScoringResult Score(
        string input, string output, Action<BatchScoringOptions>? change = null, MaskedDiffusionModel? model = null)
    {
        var ml = new MLContext(1);
        IDataView none = ml.Data.LoadFromEnumerable(TextRow.Make());
        var options = new BatchScoringOptions { InputPath = _folder.File(input), OutputPath = _folder.File(output) };
        change?.Invoke(options);
        return ml.MaskedDiffusion().ScoreFile(ml.MaskedDiffusion().ScoreLikelihood(model ?? Model).Fit(none), options);
    }

    private sealed class NumberRow
    {
        public string Text { get; set; } = "";

        public float N { get; set; }
    }

    private sealed class ContextRow
    {
        public string Context { get; set; } = "";

        public string Text { get; set; } = "";
    }
}
