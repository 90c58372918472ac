using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The further columns of the infill transform: candidates, draws, log-probabilities and errors of rows.</summary>
[TestClass]
public sealed class InfillDetailsTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create(5);

    private readonly MLContext _ml = new(1);

    internal sealed class Row
    {
        public string Text { get; set; } = "";

        public string[] Words { get; set; } = [];
    }

    internal sealed class Result
    {
        public string Filled { get; set; } = "";

        public float LogProbability { get; set; }

        public string[] Draws { get; set; } = [];

        public float[] DrawProbabilities { get; set; } = [];

        public string Error { get; set; } = "";

        // Compared bit by bit.
        public override string ToString() =>
            $"{Filled}|{LogProbability:R}|{string.Join(';', Draws)}|{string.Join(';', DrawProbabilities.Select(p => $"{p:R}"))}|{Error}";
    }

    private static readonly Row[] Rows =
    [
        new() { Text = "the [MASK] sat on the mat", Words = ["cat", "dog", "a small bird"] },
        new() { Text = "a bird [MASK*] the old [MASK*1-3]", Words = ["in", "by the"] },
        new() { Text = "no gaps here", Words = ["x"] },
        new() { Text = "the [MASK*0]", Words = ["cat"] },
        new() { Text = "[MASK*40]", Words = ["cat"] },
        new() { Text = "[MASK*2-3]", Words = ["", "the cat", ""] },
        new() { Text = @"\[MASK*] [MASK*]", Words = ["one", "one", "two"] },
        new() { Text = "the [MASK*0]", Words = ["cat"] },
    ];

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    private IDataView View(params Row[] rows) => _ml.Data.LoadFromEnumerable(rows);

    private static InfillOptions Draws(int samples = 3) => new()
    {
        Sampling = new SamplingOptions { Temperature = 1, Seed = 4 }, Samples = samples, BatchSize = 3, MaxGapLength = 4,
        LogProbabilityColumnName = "LogProbability", SamplesColumnName = "Draws", SampleLogProbabilitiesColumnName = "DrawProbabilities",
        InvalidRows = InvalidRows.Skip, ErrorColumnName = "Error",
    };

    private static InfillOptions Words() => new()
    {
        CandidatesColumnName = "Words", BatchSize = 2, LogProbabilityColumnName = "LogProbability", SamplesColumnName = "Draws",
        SampleLogProbabilitiesColumnName = "DrawProbabilities", InvalidRows = InvalidRows.Skip, ErrorColumnName = "Error",
    };

    private static string[] Read(IDataView view) =>
        [.. new MLContext().Data.CreateEnumerable<Result>(view, reuseRowObject: false).Select(row => row.ToString())];

    [TestMethod]
    [DataRow("draws")]
    [DataRow("lengths")]
    [DataRow("words of each row")]
    [DataRow("words of all rows")]
    public void ARowIsTheSameInEveryBatchEngineAndFile(string kind)
    {
        InfillOptions options = kind == "draws" ? Draws() : Words();
        if (kind is "lengths" or "words of all rows")
            options.CandidatesColumnName = null;
        if (kind == "lengths")
            (options.MaxGapLength, options.FillingWeight) = (3, 1);
        if (kind == "words of all rows")
            options.Candidates = ["a", "the cat", "🙂"];
        InfillTransformer transformer = _ml.MaskedDiffusion().Infill(Model, options).Fit(View(Rows));
        string[] expected = Read(transformer.Transform(View(Rows)));
        foreach (int batchSize in new[] { 1, 64 })
        {
            options.BatchSize = batchSize;
            CollectionAssert.AreEqual(expected.Select(Unnumbered).ToArray(),
                Read(_ml.MaskedDiffusion().Infill(Model, options).Fit(View(Rows)).Transform(View(Rows))).Select(Unnumbered).ToArray());
        }
        // An engine and a loaded zip map single rows and do not know their numbers.
        using (var engine = _ml.Model.CreatePredictionEngine<Row, Result>(
            transformer, new PredictionEngineOptions { OwnsTransformer = false }))
            CollectionAssert.AreEqual(expected.Select(Unnumbered).ToArray(),
                Rows.Select(row => engine.Predict(row).ToString()).ToArray());
        using var stream = new MemoryStream();
        _ml.Model.Save(transformer, View(Rows).Schema, stream);
        stream.Position = 0;
        ITransformer loaded = new MLContext().Model.Load(stream, out _);
        CollectionAssert.AreEqual(expected.Select(Unnumbered).ToArray(), Read(loaded.Transform(View(Rows))));
        CollectionAssert.AreEqual(Types(transformer.GetOutputSchema(View(Rows).Schema)), Types(loaded.GetOutputSchema(View(Rows).Schema)));
        using var unwrapped = (InfillTransformer)_ml.MaskedDiffusion().Unwrap(loaded);
        CollectionAssert.AreEqual(expected, Read(unwrapped.Transform(View(Rows))));
    }

    [TestMethod]
    public void EachColumnCanStandAlone()
    {
        foreach (Action<InfillOptions> wish in new Action<InfillOptions>[]
        {
            o => o.LogProbabilityColumnName = "P", o => o.SamplesColumnName = "P", o => o.SampleLogProbabilitiesColumnName = "P",
            o => (o.InvalidRows, o.ErrorColumnName) = (InvalidRows.Skip, "P"),
        })
        {
            var options = new InfillOptions();
            wish(options);
            IDataView data = View(Rows[0]);
            InfillEstimator estimator = _ml.MaskedDiffusion().Infill(Model, options);
            InfillTransformer transformer = estimator.Fit(data);
            CollectionAssert.AreEqual(new[] { "Text", "Words", "Filled", "P" },
                transformer.GetOutputSchema(data.Schema).Select(column => column.Name).ToArray());
            using var stream = new MemoryStream();
            _ml.Model.Save(transformer, data.Schema, stream);
            stream.Position = 0;
            CollectionAssert.AreEqual(Types(transformer.GetOutputSchema(data.Schema)),
                Types(new MLContext().Model.Load(stream, out _).GetOutputSchema(data.Schema)));
        }
    }

    [TestMethod]
    public void DrawsDifferAndTheFirstIsTheOnlyOnes()
    {
        IDataView data = View(Rows[0], Rows[1], Rows[2]);
        Result[] Drawn(int samples) => [.. _ml.Data.CreateEnumerable<Result>(
            _ml.MaskedDiffusion().Infill(Model, Draws(samples)).Fit(data).Transform(data), reuseRowObject: false)];
        Result[] many = Drawn(8), one = Drawn(1);
        for (int i = 0; i < 3; i++)
        {
            Assert.HasCount(8, many[i].Draws);
            Assert.AreEqual((many[i].Draws[0], many[i].DrawProbabilities[0]), (many[i].Filled, many[i].LogProbability));
            Assert.AreEqual((one[i].Filled, one[i].LogProbability), (many[i].Filled, many[i].LogProbability));
            Assert.AreEqual(i < 2, many[i].Draws.Distinct().Count() > 1);
            Assert.IsTrue(many[i].DrawProbabilities.All(p => i < 2 ? p < 0 : p == 0), "log-probabilities are below 0; without gaps 0");
        }
    }

    [TestMethod]
    public void TheLogProbabilityIsThatOfEachTokenWhenItWasChosen()
    {
        // One token in one step: log p of it, given the rest of the text, as the likelihood of one masked token is.
        int mask = Model.Config.MaskTokenId;
        FilledText filled = new Infiller(Model).Fill(new GappedText("the [MASK] sat"));
        int[] before = [Model.Tokenizer.EndOfSequenceId!.Value, .. Model.Tokenizer.Encode("the")], after = Model.Tokenizer.Encode(" sat");
        int[] row = new Infiller(Model).Fill([[.. before, mask, .. after]])[0];
        using var scope = TorchSharp.torch.NewDisposeScope();
        double sum = 0;
        var logits = new double[Model.Config.VocabularySize];
        new Diffusion.Inference.RowScheduler(new Diffusion.Inference.NetworkEvaluator(Model.Network), 0, 64).Read(
            [new Diffusion.Inference.MaskedRow([.. before, mask, .. after], null, [before.Length], [])],
            (_, _, seen) => logits = [.. seen.ToArray().Select(x => (double)x)], CancellationToken.None);
        // Only tokens with whole characters may stand in a gap of one token.
        for (int id = 0; id < logits.Length; id++)
        {
            bool isText = Model.Tokenizer.BytesOf(id).Length > 0 && !Model.Tokenizer.Decode([id]).Contains('\uFFFD');
            sum += isText ? Math.Exp(logits[id]) : 0;
        }
        Assert.AreEqual(logits[row[before.Length]] - Math.Log(sum), filled.LogProbability, 1e-6, "sums of 32-bit logits in 64 bits");
        CollectionAssert.AreEqual(new[] { 1 }, filled.GapLengths.ToArray());
    }

    [TestMethod]
    public void ACandidateIsWrittenAsItIs()
    {
        IDataView data = View(Rows);
        string[] filled = [.. _ml.MaskedDiffusion().Infill(Model, Words()).Fit(data).Transform(data).GetColumn<string>("Filled")];
        CollectionAssert.Contains(Rows[0].Words.Select(word => $"the {word} sat on the mat").ToArray(), filled[0]);
        Assert.AreEqual(("no gaps here", "the cat"), (filled[2], filled[5]));
        CollectionAssert.Contains(new[] { "[MASK*] one", "[MASK*] two" }, filled[6]);
        // Candidates that no tokenizer gives back are written as they are, and the space before the gap is one.
        var options = new InfillOptions { Candidates = [" A\u0301", "\u00A0 🙂"] };
        IDataView first = View(Rows[0]);
        string text = _ml.MaskedDiffusion().Infill(Model, options).Fit(first).Transform(first).GetColumn<string>("Filled").Single();
        CollectionAssert.Contains(new[] { "the A\u0301 sat on the mat", "the \u00A0 🙂 sat on the mat" }, text);
    }

    [TestMethod]
    public void InvalidRowsAreNamedByRowAndColumn()
    {
        string Message<T>(InfillOptions options, params Row[] rows)
            where T : Exception
        {
            options.InvalidRows = InvalidRows.Throw;
            options.ErrorColumnName = null;
            options.BatchSize = 2;
            IDataView data = View(rows);
            IDataView filled = _ml.MaskedDiffusion().Infill(Model, options).Fit(data).Transform(data);
            return Unwrapped.Throws<T>(() => filled.GetColumn<string>("Filled").ToArray()).Message;
        }
        string tooLong = Message<ArgumentException>(new InfillOptions(), Rows[0], Rows[2], Rows[2], Rows[4]);
        StringAssert.Contains(tooLong, "column 'Text' (row 3 from 0) has 41 tokens");
        StringAssert.Contains(tooLong, "[MASK*40]");
        StringAssert.Contains(Message<FormatException>(new InfillOptions(), Rows[2], Rows[3]),
            "column 'Text' (row 1 from 0): The gap [MASK*0]");
        Row none = new() { Text = "the [MASK]", Words = ["", ""] }, equal = new() { Text = "the [MASK]", Words = ["a", "", "a"] };
        Row large = new() { Text = "the [MASK]", Words = ["a", string.Concat(Enumerable.Repeat("漢", 30))] };
        StringAssert.Contains(Message<ArgumentException>(Words(), Rows[0], none),
            "(row 1 from 0) cannot be filled: the list of its candidates has no text");
        StringAssert.Contains(Message<ArgumentException>(Words(), equal), "only equal texts, \"a\"");
        StringAssert.Contains(Message<ArgumentException>(Words(), large), "tokens with its candidates, and the model sees at most 24");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => new Infiller(Model).Fill(["a", "[MASK*40]"])).Message, "Text 2 has");
    }

    [TestMethod]
    public void InvalidRowsAreFlaggedAndTheOthersFilled()
    {
        IDataView data = View(Rows);
        Result[] results = [.. _ml.Data.CreateEnumerable<Result>(
            _ml.MaskedDiffusion().Infill(Model, Draws()).Fit(data).Transform(data), reuseRowObject: false)];
        for (int i = 0; i < Rows.Length; i++)
        {
            bool isInvalid = i is 3 or 4 or 7;
            Assert.AreEqual(isInvalid, results[i].Error.Length > 0, $"row {i}");
            Assert.AreEqual(isInvalid, float.IsNaN(results[i].LogProbability));
            if (!isInvalid)
                continue;
            StringAssert.Contains(results[i].Error, $"row {i} from 0");
            Assert.AreEqual(Rows[i].Text, results[i].Filled);
            Assert.IsTrue(results[i].Draws.All(text => text == Rows[i].Text) && results[i].DrawProbabilities.All(float.IsNaN));
        }
    }

    [TestMethod]
    public void OptionsThatContradictEachOtherAreRefused()
    {
        void Refused(Action<InfillOptions> change, string expected)
        {
            InfillOptions options = Draws();
            change(options);
            StringAssert.Contains(Unwrapped.Throws<ArgumentException>(() => new InfillEstimator(Model, options)).Message, expected);
        }
        Refused(o => o.Sampling.Temperature = 0,
            "Samples is 3; it must be 1 where nothing is drawn, because all results would be the same: set SamplingOptions.Temperature");
        Refused(o => (o.SamplesColumnName, o.SampleLogProbabilitiesColumnName) = (null, null), "1 without a SamplesColumnName");
        Refused(o => o.CandidatesColumnName = "Words", "Samples is 3; it must be 1 where there are candidates");
        Refused(o => (o.Samples, o.CandidatesColumnName, o.Candidates) = (1, "Words", ["a"]), "null where Candidates are given");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.MaskedDiffusion()
            .Infill(Model, new InfillOptions { CandidatesColumnName = "Text" }).Fit(View(Rows))).Message, "candidates column 'Text'");
    }

    [TestMethod]
    public void OptionsAreCopied()
    {
        List<string> candidates = ["cat", "dog"];
        var options = new InfillOptions { Candidates = candidates };
        InfillTransformer transformer = _ml.MaskedDiffusion().Infill(Model, options).Fit(View(Rows[0]));
        string before = transformer.Transform(View(Rows[0])).GetColumn<string>("Filled").Single();
        candidates.Clear();
        candidates.Add("mat");
        Assert.AreEqual(before, transformer.Transform(View(Rows[0])).GetColumn<string>("Filled").Single());
    }

    private static string[] Types(DataViewSchema schema) => [.. schema.Where(c => !c.IsHidden).Select(c => $"{c.Name}: {c.Type}")];

    // Without the number of the row, which only a view knows.
    private static string Unnumbered(string row) => System.Text.RegularExpressions.Regex.Replace(row, @" \(row \d+ from 0\)", "");
}
