using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Files of rows scored with a tiny model, held to the same rows scored in memory.</summary>
[TestClass]
public sealed class BatchScoringTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create();
    private readonly TemporaryFolder _folder = new();

    [ClassCleanup]
    public static void DisposeModel() => Model.Dispose();

    public static IEnumerable<object[]> PairsOfFormats() =>
        from input in BatchTable.Formats from output in BatchTable.Formats select new object[] { input, output };

    public static IEnumerable<object[]> FormatsOut() => BatchTable.Formats.Select(format => new object[] { format });

    [TestCleanup]
    public void Clean() => _folder.Dispose();

    [TestMethod]
    [DynamicData(nameof(PairsOfFormats))]
    public void EveryFormatGivesTheScoresOfTheRowsInMemory(BatchFormat input, BatchFormat output)
    {
        BatchTicket[] rows = BatchTable.Tickets(11);
        BatchTable.Write(Input(input), input, rows);
        BatchScoringResult result = Score(input, output);
        ScoredTicket[] scored = BatchTable.Read(result.OutputPath, output);
        Assert.AreEqual(11, result.RowCount);
        CollectionAssert.AreEqual(rows.Select(row => (row.Id, row.Note)).ToArray(), scored.Select(row => (row.Id, row.Note)).ToArray());
        CollectionAssert.AreEqual(rows.Select(row => row.Text).ToArray(), scored.Select(row => row.Text).ToArray());
        CollectionAssert.AreEqual(ScoresOf(rows), scored.Select(row => row.NegativeLogLikelihood!.Value).ToArray());
        string[] left = Directory.GetFiles(_folder.Path);
        CollectionAssert.AreEquivalent(new[] { Input(input), result.OutputPath }, left, "files of the run are left");
    }

    [TestMethod]
    [DynamicData(nameof(PairsOfFormats))]
    public void AKilledRunGoesOnToTheSameBytes(BatchFormat input, BatchFormat output)
    {
        BatchTable.Write(Input(input), input, BatchTable.Tickets(11));
        string wholePath = Output(output, "whole");
        Score(input, output, options => options.OutputPath = wholePath);
        byte[] whole = File.ReadAllBytes(wholePath);
        string path = Output(output);
        for (int kills = 0; kills < 4; kills++)
        {
            using var stop = new CancellationTokenSource();
            Assert.ThrowsExactly<OperationCanceledException>(() => Score(input, output, options =>
            {
                options.Progress = new Collected<BatchScoringProgress>(_ => stop.Cancel());
                options.CancellationToken = stop.Token;
            }));
            // What a kill in the midst of the next block leaves: rows without a line in the log, and half of such a line.
            File.AppendAllText(path + ".partial", "{\"half a ro");
            File.AppendAllText(path + ".progress.jsonl", "{\"rows\":");
            Assert.IsFalse(File.Exists(path), "the output appears at the end");
        }
        BatchScoringResult result = Score(input, output);
        Assert.AreEqual(11, result.RowCount);
        CollectionAssert.AreEqual(whole, File.ReadAllBytes(path));
        Assert.IsFalse(File.Exists(path + ".progress.jsonl"));
        Assert.IsFalse(File.Exists(path + ".partial"));
    }

    [TestMethod]
    public void ALogThatSaysAllIsDoneIsNoResultWithoutTheRows()
    {
        BatchTable.Write(Input(BatchFormat.Csv), BatchFormat.Csv, BatchTable.Tickets(11));
        string wholePath = Output(BatchFormat.Csv, "whole"), path = Output(BatchFormat.Csv), log = path + ".progress.jsonl";
        Score(BatchFormat.Csv, BatchFormat.Csv, options => options.OutputPath = wholePath);
        byte[] whole = File.ReadAllBytes(wholePath);
        StopWhereAllIsDone();
        // What is left where the process ends between the output's coming into its place and the log's removal.
        File.Move(path + ".partial", path);
        Score(BatchFormat.Csv, BatchFormat.Csv);
        CollectionAssert.AreEqual(whole, File.ReadAllBytes(path));
        File.Delete(path);
        StopWhereAllIsDone();
        File.Delete(path + ".partial");
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => Score(BatchFormat.Csv, BatchFormat.Csv)).Message, $"Delete {log}");
        File.Delete(log);
        Score(BatchFormat.Csv, BatchFormat.Csv);
        CollectionAssert.AreEqual(whole, File.ReadAllBytes(path));

        // A folder in the output's place, which comes after the last block, is met when the rows are to go there.
        void StopWhereAllIsDone()
        {
            var progress = new Collected<BatchScoringProgress>(report =>
            {
                if (report.RowCount == 11)
                    Directory.CreateDirectory(path);
            });
            Assert.Throws<IOException>(() => Score(BatchFormat.Csv, BatchFormat.Csv, options => options.Progress = progress));
            Directory.Delete(path);
            Assert.IsTrue(File.Exists(log));
        }
    }

    [TestMethod]
    [DataRow(BatchFormat.Csv)]
    [DataRow(BatchFormat.JsonLines)]
    [DataRow(BatchFormat.Parquet)]
    public void ShardsOneAfterAnotherAreTheWhole(BatchFormat input)
    {
        BatchTable.Write(Input(input), input, BatchTable.Tickets(11));
        string wholePath = Output(BatchFormat.Csv, "whole");
        Score(input, BatchFormat.Csv, options => options.OutputPath = wholePath);
        byte[] whole = File.ReadAllBytes(wholePath);
        foreach (int count in new[] { 1, 2, 3, 5, 40 })
        {
            byte[] joined =
            [
                .. Enumerable.Range(1, count).SelectMany(i => File.ReadAllBytes(Score(input, BatchFormat.Csv, options =>
                {
                    options.Shard = new BatchShard(i, count);
                    options.OutputPath = Output(BatchFormat.Csv, $"{i} of {count}");
                }).OutputPath)),
            ];
            CollectionAssert.AreEqual(whole, joined, $"{count} shards");
        }
    }

    [TestMethod]
    public void WhatIsKeptOfJsonStaysAsItIsWritten()
    {
        File.WriteAllText(Input(BatchFormat.JsonLines),
            "{ \"Id\" : 1.50e+03,\t\"Text\":\"the c\\u0061t\", \"Deep\": {\"a\":[1, {}]} }\r\n\n"
            + "{\"Text\":\"a dog\",\"Id\":9007199254740993}");
        Score(BatchFormat.JsonLines, BatchFormat.JsonLines, options => options.OutputColumns = ["TokenCount"]);
        string[] lines = File.ReadAllLines(Output(BatchFormat.JsonLines));
        Assert.AreEqual(2, lines.Length);
        StringAssert.StartsWith(lines[0], "{ \"Id\" : 1.50e+03,\t\"Text\":\"the c\\u0061t\", \"Deep\": {\"a\":[1, {}]},\"TokenCount\":");
        StringAssert.StartsWith(lines[1], "{\"Text\":\"a dog\",\"Id\":9007199254740993,\"TokenCount\":");
    }

    [TestMethod]
    public void CellsLineBreaksAndTheByteOrderMarkOfCsvStayAsTheyAre()
    {
        byte[] content = [.. "\uFEFF"u8, .. "Text,\"No\"\"te\"\r\n\"the\r\ncat\",x \"y\"\r\n\r\na dog,\"plain\""u8];
        File.WriteAllBytes(Input(BatchFormat.Csv), content);
        Score(BatchFormat.Csv, BatchFormat.Csv, options => options.OutputColumns = ["TokenCount"]);
        string[] counts = [.. TokenCounts("the\r\ncat", "a dog")];
        string expected = $"\uFEFFText,\"No\"\"te\",TokenCount\r\n\"the\r\ncat\",x \"y\",{counts[0]}\r\na dog,\"plain\",{counts[1]}\n";
        CollectionAssert.AreEqual(Encoding.UTF8.GetBytes(expected), File.ReadAllBytes(Output(BatchFormat.Csv)));
    }

    [TestMethod]
    public void WhatStandsAroundTheFieldsOfJsonStaysAsItIs()
    {
        byte[] content = [.. "\uFEFF"u8, .. "{ \"Text\": \"the cat\"\t} \r\n\r\n{}\n{\"Text\":\"a dog\"}\n{\"Text\": \"\" }"u8];
        File.WriteAllBytes(Input(BatchFormat.JsonLines), content);
        string[] counts = [.. TokenCounts("the cat", "a dog", "")];
        void Expect(string expected, Action<BatchScoringOptions> change)
        {
            using var stop = new CancellationTokenSource();
            void Change(BatchScoringOptions options)
            {
                (options.OutputColumns, options.InvalidRows, options.Overwrite) = (["TokenCount"], InvalidRows.Skip, true);
                options.BlockSize = 1;
                change(options);
            }
            Assert.ThrowsExactly<OperationCanceledException>(() => Score(BatchFormat.JsonLines, BatchFormat.JsonLines, options =>
            {
                Change(options);
                options.Progress = new Collected<BatchScoringProgress>(_ => stop.Cancel());
                options.CancellationToken = stop.Token;
            }));
            // What goes on writes the byte order mark no second time.
            Score(BatchFormat.JsonLines, BatchFormat.JsonLines, Change);
            Assert.AreEqual(expected, Encoding.UTF8.GetString(File.ReadAllBytes(Output(BatchFormat.JsonLines))));
        }
        Expect($"\uFEFF{{ \"Text\": \"the cat\",\"TokenCount\":{counts[0]}\t}} \r\n{{\"Text\":\"a dog\",\"TokenCount\":{counts[1]}}}\n"
            + $"{{\"Text\": \"\",\"TokenCount\":{counts[2]} }}\n", _ => { });
        Expect($"\uFEFF{{\"Text\":\"the cat\",\"TokenCount\":{counts[0]}}} \r\n{{\"Text\":\"a dog\",\"TokenCount\":{counts[1]}}}\n"
            + $"{{\"Text\":\"\",\"TokenCount\":{counts[2]}}}\n", options => options.KeptColumns = ["Text"]);
        // Another format has its own.
        Score(BatchFormat.JsonLines, BatchFormat.Csv, options =>
            (options.OutputColumns, options.InvalidRows) = (["TokenCount"], InvalidRows.Skip));
        Assert.AreEqual($"Text,TokenCount\nthe cat,{counts[0]}\na dog,{counts[1]}\n,{counts[2]}\n",
            Encoding.UTF8.GetString(File.ReadAllBytes(Output(BatchFormat.Csv))));
        Assert.AreEqual(3, Score(BatchFormat.JsonLines, BatchFormat.Parquet, options => options.InvalidRows = InvalidRows.Skip).RowCount);
    }

    [TestMethod]
    [DynamicData(nameof(FormatsOut))]
    public void HalfACharacterOfATransformerIsTheReplacementCharacterInEveryFormat(BatchFormat output)
    {
        var ml = new MLContext(1);
        File.WriteAllText(Input(BatchFormat.Csv), "Number,Text\n1,the cat\n");
        IDataView none = ml.Data.LoadFromEnumerable(TextRow.Make());
        ITransformer halving = ml.Transforms.CustomMapping<TextRow, Said>((row, said) =>
            (said.Half, said.Halves) = (row.Text + "\ud83d", ["\udc31", row.Text]), null).Fit(none);
        string path = ml.MaskedDiffusion().ScoreFile(halving, Options(BatchFormat.Csv, output, options =>
            (options.OutputColumns, options.InputSchema) = (["Half", "Halves"], none.Schema))).OutputPath;
        if (output is BatchFormat.Csv or BatchFormat.Tsv)
        {
            using var parser = new Microsoft.VisualBasic.FileIO.TextFieldParser(path) { HasFieldsEnclosedInQuotes = true };
            parser.SetDelimiters(output == BatchFormat.Csv ? "," : "\t");
            parser.ReadFields();
            string[] cells = parser.ReadFields()!;
            Assert.AreEqual("the cat\uFFFD", cells[2]);
            CollectionAssert.AreEqual(new[] { "\uFFFD", "the cat" }, JsonSerializer.Deserialize<string[]>(cells[3]));
            return;
        }
        Said read = output == BatchFormat.JsonLines
            ? JsonSerializer.Deserialize<Said>(File.ReadAllText(path))!
            : Parquet.Serialization.ParquetSerializer.DeserializeAsync<Said>(path).GetAwaiter().GetResult().Data[0];
        Assert.AreEqual("the cat\uFFFD", read.Half);
        CollectionAssert.AreEqual(new[] { "\uFFFD", "the cat" }, read.Halves);
    }

    [TestMethod]
    public void AnOutputWithTheNameOfAnInputColumnTakesItsPlace()
    {
        var ml = new MLContext(1);
        File.WriteAllText(Input(BatchFormat.JsonLines), "{\"Id\":7,\"Text\":\"the [MASK] sat\",\"z\":1}\n");
        IDataView none = ml.Data.LoadFromEnumerable(TextRow.Make());
        ITransformer infill = ml.MaskedDiffusion().Infill(Model, "Text", "Text").Fit(none);
        BatchScoringOptions options = Options(BatchFormat.JsonLines, BatchFormat.JsonLines, options => options.OutputColumns = ["Text"]);
        ml.MaskedDiffusion().ScoreFile(infill, options);
        string line = File.ReadAllText(Output(BatchFormat.JsonLines));
        string text = JsonSerializer.Deserialize<JsonElement>(line).GetProperty("Text").GetString()!;
        Assert.IsFalse(text.Contains("[MASK]", StringComparison.Ordinal));
        Assert.AreEqual($"{{\"Id\":7,\"Text\":{JsonSerializer.Serialize(text)},\"z\":1}}\n", line);
    }

    [TestMethod]
    public void ARowIsNamedByItsPlaceInTheFileAlone()
    {
        var ml = new MLContext(1);
        File.WriteAllText(Input(BatchFormat.JsonLines), "{\"Text\":\"the [MASK]\"}\n{\"Text\":\"a [MASK*0]\"}\n{\"Text\":\"a [MASK]\"}\n");
        ITransformer infill = ml.MaskedDiffusion().Infill(Model).Fit(ml.Data.LoadFromEnumerable(TextRow.Make()));
        BatchScoringOptions options = Options(BatchFormat.JsonLines, BatchFormat.JsonLines, _ => { });
        string message = Assert.Throws<Exception>(() => ml.MaskedDiffusion().ScoreFile(infill, options)).Message;
        StringAssert.Contains(message, ", line 2: A text of column 'Text': The gap [MASK*0]");
    }

    [TestMethod]
    public void KeptColumnsAreThoseThatAreNamed()
    {
        BatchTable.Write(Input(BatchFormat.Csv), BatchFormat.Csv, BatchTable.Tickets(2));
        Score(BatchFormat.Csv, BatchFormat.JsonLines, options => (options.KeptColumns, options.OutputColumns) = (["Id"], ["TokenCount"]));
        string[] counts = [.. TokenCounts(BatchTable.Tickets(2).Select(row => row.Text).ToArray())];
        Assert.AreEqual(
            $"{{\"Id\":\"1000\",\"TokenCount\":{counts[0]}}}\n{{\"Id\":\"1001\",\"TokenCount\":{counts[1]}}}\n",
            File.ReadAllText(Output(BatchFormat.JsonLines)));
    }

    [TestMethod]
    public void ChoicesAreListsInEveryFormatAndTheirProbabilitiesToo()
    {
        var ml = new MLContext(1);
        File.WriteAllText(Input(BatchFormat.JsonLines), "{\"Question\":\"the cat\",\"Options\":[\"sat\",\"sang\",\"seven\"]}\n");
        File.WriteAllText(Input(BatchFormat.Csv), "Question,Options\nthe cat,\"[\"\"sat\"\",\"\"sang\"\",\"\"seven\"\"]\"\n");
        var schema = new DataViewSchema.Builder();
        schema.AddColumn("Question", TextDataViewType.Instance);
        schema.AddColumn("Options", new VectorDataViewType(TextDataViewType.Instance, 3));
        IDataView none = ml.Data.LoadFromEnumerable(new List<ThreeOptions>());
        ITransformer choose = ml.MaskedDiffusion().ScoreChoices(Model, "Question", "Options").Fit(none);
        string[] columns = ["Probability", "PredictedText", "PredictedLabel"];
        foreach (BatchFormat format in new[] { BatchFormat.JsonLines, BatchFormat.Csv })
        {
            ml.MaskedDiffusion().ScoreFile(choose, Options(format, BatchFormat.JsonLines, options =>
            {
                (options.OutputColumns, options.InputSchema) = (columns, schema.ToSchema());
                options.OutputPath = Output(BatchFormat.JsonLines, format.ToString());
            }));
        }
        string[] outputs =
            [.. new[] { BatchFormat.JsonLines, BatchFormat.Csv }.Select(format => Output(BatchFormat.JsonLines, format.ToString()))];
        JsonElement[] results = [.. outputs.Select(path => JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(path)))];
        float[] probabilities = [.. results[0].GetProperty("Probability").EnumerateArray().Select(p => p.GetSingle())];
        Assert.AreEqual(1, probabilities.Sum(), 1e-5, "three roundings of 32-bit numbers");
        Assert.AreEqual(results[0].GetProperty("Probability").GetRawText(), results[1].GetProperty("Probability").GetRawText());
        string best = new[] { "sat", "sang", "seven" }[Array.IndexOf(probabilities, probabilities.Max())];
        Assert.AreEqual(best, results[0].GetProperty("PredictedText").GetString());
        // A key is what it stands for, here the place of the option from 0.
        Assert.AreEqual(Array.IndexOf(probabilities, probabilities.Max()), results[0].GetProperty("PredictedLabel").GetInt32());
    }

    [TestMethod]
    public void AModelFromAZipBringsItsSchemaAndMayBePartOfAChain()
    {
        var ml = new MLContext(1);
        BatchTable.Write(Input(BatchFormat.Csv), BatchFormat.Csv, BatchTable.Tickets(3));
        IDataView data = ml.Data.LoadFromEnumerable(BatchTable.Tickets(3));
        ITransformer chain = ml.MaskedDiffusion().ScoreLikelihood(Model)
            .Append(ml.Transforms.Concatenate("Features", "NegativeLogLikelihood", "NegativeLogLikelihood")).Fit(data);
        string zip = _folder.File("model.zip");
        ml.Model.Save(chain, data.Schema, zip);
        ITransformer loaded = ml.Model.Load(zip, out DataViewSchema schema);
        ml.MaskedDiffusion().ScoreFile(loaded, Options(BatchFormat.Csv, BatchFormat.JsonLines, options =>
            (options.InputSchema, options.OutputColumns, options.KeptColumns) = (schema, ["Features"], [])));
        string[] expected = [.. ScoresOf(BatchTable.Tickets(3))
            .Select(score => string.Create(CultureInfo.InvariantCulture, $"{{\"Features\":[{score:R},{score:R}]}}"))];
        CollectionAssert.AreEqual(expected, File.ReadAllLines(Output(BatchFormat.JsonLines)));
    }

    [TestMethod]
    public void ProgressEndsAtAHundredPercentWithAllRows()
    {
        BatchTable.Write(Input(BatchFormat.Csv), BatchFormat.Csv, BatchTable.Tickets(11));
        var reports = new Collected<BatchScoringProgress>();
        Score(BatchFormat.Csv, BatchFormat.Csv, options => options.Progress = reports);
        CollectionAssert.AreEqual(new long[] { 3, 6, 9, 11 }, reports.Reports.Select(report => report.RowCount).ToArray());
        Assert.AreEqual(100, reports.Reports[^1].Percent);
        Assert.AreEqual(TimeSpan.Zero, reports.Reports[^1].Remaining);
        CollectionAssert.AreEqual(
            reports.Reports.Select(report => report.Percent).Order().ToArray(), reports.Reports.Select(report => report.Percent).ToArray());
    }

    [TestMethod]
    public void ATransformerThatJoinsRowsIsRefused()
    {
        var ml = new MLContext(1);
        BatchTable.Write(Input(BatchFormat.Csv), BatchFormat.Csv, BatchTable.Tickets(2));
        IDataView data = ml.Data.LoadFromEnumerable(BatchTable.Tickets(2));
        ITransformer grouped = ml.MaskedDiffusion().ScoreChoices(Model, new GroupedChoiceScoringOptions
        {
            GroupColumnName = "Id", ContextColumnName = "Text", ChoiceColumnName = "Note",
        }).Fit(data);
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(
            () => ml.MaskedDiffusion().ScoreFile(grouped, Options(BatchFormat.Csv, BatchFormat.Csv)));
        StringAssert.Contains(error.Message, "one to one");
    }

    private static float[] ScoresOf(IReadOnlyList<BatchTicket> rows)
    {
        var ml = new MLContext(1);
        IDataView data = ml.Data.LoadFromEnumerable(rows);
        return [.. ml.MaskedDiffusion().ScoreLikelihood(Model).Fit(data).Transform(data).GetColumn<float>("NegativeLogLikelihood")];
    }

    private static IEnumerable<string> TokenCounts(params string[] texts)
    {
        var ml = new MLContext(1);
        IDataView data = ml.Data.LoadFromEnumerable(TextRow.Make(texts));
        return ml.MaskedDiffusion().ScoreLikelihood(Model).Fit(data).Transform(data).GetColumn<int>("TokenCount").Select(n => $"{n}");
    }

    private string Input(BatchFormat format) => _folder.File("in" + BatchTable.Extension(format));

    private string Output(BatchFormat format, string name = "out") => _folder.File(name + BatchTable.Extension(format));

    private BatchScoringOptions Options(BatchFormat input, BatchFormat output, Action<BatchScoringOptions>? change = null)
    {
        var options = new BatchScoringOptions { InputPath = Input(input), OutputPath = Output(output), BlockSize = 3 };
        change?.Invoke(options);
        return options;
    }

    private BatchScoringResult Score(BatchFormat input, BatchFormat output, Action<BatchScoringOptions>? change = null)
    {
        var ml = new MLContext(1);
        IDataView none = ml.Data.LoadFromEnumerable(TextRow.Make());
        LikelihoodScoringTransformer transformer = ml.MaskedDiffusion().ScoreLikelihood(Model).Fit(none);
        return ml.MaskedDiffusion().ScoreFile(transformer, Options(input, output, change));
    }

    private sealed class Said
    {
        public string Half { get; set; } = "";

        public string[] Halves { get; set; } = [];
    }

    private sealed class ThreeOptions
    {
        public string Question { get; set; } = "";

        [VectorType(3)]
        public string[] Options { get; set; } = ["", "", ""];
    }
}
