using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The correction of written rows, on a network of random tables that has opinions about every token.</summary>
[TestClass]
public sealed class SelfCorrectionTests
{
    private const int M = 7;

    private static int[][] Rows(bool masked)
    {
        var random = new Random(8);
        return
        [
            .. Enumerable.Range(0, 25).Select(_ => Enumerable.Range(0, random.Next(1, 12))
                .Select(_ => masked && random.Next(2) > 0 ? M : random.Next(7)).ToArray()),
        ];
    }

    private static SamplingOptions Options(int steps, double temperature, int batchTokens = 8192) => new()
    {
        SelfCorrectionSteps = steps, SelfCorrectionTemperature = temperature, Temperature = 1, Seed = 3, BatchTokens = batchTokens,
    };

    private static double Objective(ToyEvaluator model, int[] row, IEnumerable<int> positions) =>
        positions.Sum(i => model.LogProbability(row, row, 0, i, row[i]));

    private static int[][] Correct(ToyEvaluator model, SamplingOptions options, IReadOnlyList<int[]> rows) =>
        new TokenInfiller(model, options).Correct(rows, CancellationToken.None);

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(0.1)]
    [DataRow(3.0)]
    public void TheSumOfLogProbabilitiesNeverFalls(double temperature)
    {
        var model = new ToyEvaluator();
        int[][] rows = Rows(masked: false);
        int changed = 0;
        double[] first = [.. rows.Select(row => Objective(model, row, Enumerable.Range(0, row.Length)))], before = [.. first];
        foreach (int steps in new[] { 1, 2, 3, 8, 100 })
        {
            int[][] corrected = Correct(model, Options(steps, temperature), rows);
            for (int i = 0; i < rows.Length; i++)
            {
                double after = Objective(model, corrected[i], Enumerable.Range(0, rows[i].Length));
                bool isSame = corrected[i].AsSpan().SequenceEqual(rows[i]);
                // Logits of a few units in 32 bits, against the model's own doubles.
                Assert.IsGreaterThanOrEqualTo(before[i] - 1e-5, after, $"row {i}, {steps} steps");
                Assert.IsTrue(isSame || after > first[i], "what changes something raises it");
                changed += isSame ? 0 : 1;
                before[i] = after;
            }
        }
        Assert.IsGreaterThan(30, changed, "most rows of random tokens can be corrected");
    }

    [TestMethod]
    public void AtTemperatureZeroItEndsWhereNoBestTokenRaisesTheSum()
    {
        var model = new ToyEvaluator(seed: 4);
        foreach (int[] row in Correct(model, Options(10_000, 0), Rows(masked: false)))
        {
            double own = Objective(model, row, Enumerable.Range(0, row.Length));
            for (int i = 0; i < row.Length; i++)
            {
                double[] logits = model.Logits(row, i);
                int[] other = [.. row];
                other[i] = Array.IndexOf(logits, logits.Max());
                Limit.AtMost(own + 1e-5, Objective(model, other, Enumerable.Range(0, row.Length)));
            }
        }
    }

    [TestMethod]
    public void ARowIsCorrectedTheSameWhateverIsBesideIt()
    {
        int[][] rows = Rows(masked: false);
        int[][] together = Correct(new ToyEvaluator(), Options(20, 1), rows);
        int[][] backwards = Correct(new ToyEvaluator(), Options(20, 1, batchTokens: 30), [.. rows.Reverse()]);
        for (int i = 0; i < rows.Length; i++)
        {
            CollectionAssert.AreEqual(together[i], backwards[^(i + 1)]);
            CollectionAssert.AreEqual(together[i], Correct(new ToyEvaluator(), Options(20, 1, batchTokens: 1), [rows[i]])[0]);
        }
    }

    [TestMethod]
    public void OnlyWhatWasMaskedIsCorrectedAfterAFilling()
    {
        var model = new ToyEvaluator();
        int[][] rows = Rows(masked: true);
        int[][] plain = new TokenInfiller(model, Options(0, 0)).Fill(rows);
        int[][] corrected = new TokenInfiller(model, Options(50, 0)).Fill(rows);
        int changed = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            int[] filled = [.. Enumerable.Range(0, rows[i].Length).Where(position => rows[i][position] == M)];
            for (int j = 0; j < rows[i].Length; j++)
                Assert.IsTrue(filled.Contains(j) || corrected[i][j] == rows[i][j], "what was visible stays");
            Assert.IsGreaterThanOrEqualTo(
                Objective(model, plain[i], filled) - 1e-5, Objective(model, corrected[i], filled));
            changed += plain[i].AsSpan().SequenceEqual(corrected[i]) ? 0 : 1;
        }
        Assert.IsGreaterThan(5, changed);
    }

    [TestMethod]
    public void EachStepIsOneLookAndTheFirstOneMore()
    {
        int[] row = [0, 1, 2, 3, 4, 5, 6, 0];
        foreach (int steps in new[] { 1, 2, 3 })
        {
            var model = new ToyEvaluator(seed: 2);
            Correct(model, Options(steps, 0), [row]);
            Assert.HasCount(steps + 1, model.Seen);
            CollectionAssert.AreEqual(row, model.Seen[0]);
            Assert.AreEqual(1, model.Seen[1].Zip(row).Count(pair => pair.First != pair.Second), "one replacement at a time");
        }
    }

    [TestMethod]
    public void WhatCannotBeIsRefused()
    {
        Assert.ThrowsExactly<ArgumentException>(() => Correct(new ToyEvaluator(), Options(1, 0), [[1, M, 2]]));
        using MaskedDiffusionModel model = TinyModel.Create();
        Assert.AreEqual("SelfCorrectionSteps",
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Infiller(model).Correct([[1, 2]])).ParamName);
        Assert.AreEqual("SelfCorrectionSteps", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new Infiller(model, new() { SelfCorrectionSteps = 1, SharesStepsAmongRows = true })).ParamName);
        Assert.AreEqual("SelfCorrectionSteps", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => LikelihoodMethod.Sampler(new SamplingOptions
            {
                SelfCorrectionSteps = 1, Temperature = 1, Order = SamplingOrder.LeftToRight,
            })).ParamName);
        using MaskedDiffusionModel autoregressive = TinyAutoregressiveModel.Create();
        Assert.AreEqual("Sampling.SelfCorrectionSteps", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new TextGenerator(autoregressive, new() { Sampling = { SelfCorrectionSteps = 1 } })).ParamName);
    }

    [TestMethod]
    public async Task AWrittenTextIsCorrectedAndItsEndStays()
    {
        using MaskedDiffusionModel model = TinyModel.Create();
        GenerationOptions Write(int steps) => new()
        {
            MaxNewTokens = 10, Sampling = { SelfCorrectionSteps = steps, SelfCorrectionTemperature = 1, Temperature = 1, BlockLength = 4 },
        };
        var corrects = new TextGenerator(model, Write(30));
        GeneratedText[] plain = new TextGenerator(model, Write(0)).GenerateSamples("the cat", 12);
        GeneratedText[] corrected = corrects.GenerateSamples("the cat", 12);
        int changed = 0;
        for (int i = 0; i < plain.Length; i++)
        {
            Assert.AreEqual(plain[i].FinishReason, corrected[i].FinishReason);
            Assert.HasCount(plain[i].Tokens.Count, corrected[i].Tokens, "the end stays where it is");
            changed += plain[i].Text == corrected[i].Text ? 0 : 1;
        }
        Assert.IsGreaterThan(6, changed);
        GenerationState? last = null;
        await foreach (GenerationState state in corrects.StreamAsync("the cat"))
            last = state;
        Assert.AreEqual(corrects.Generate("the cat").Text, last!.Result!.Text);
    }
}
