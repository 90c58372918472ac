using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TokenInfillerTests
{
    private const int M = 7;
    private static readonly int[] Gapped = [1, M, 2, M, M, 3, M, 0, M, M];

    private static int[][] Rows()
    {
        var random = new Random(8);
        return [.. Enumerable.Range(0, 25)
            .Select(_ => Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(3) > 0 ? M : random.Next(7)).ToArray())];
    }

    [TestMethod]
    [DataRow("Confidence", 0.0)]
    [DataRow("Margin", 1.0)]
    [DataRow("Entropy", 0.5)]
    [DataRow("Random", 1.0)]
    public void ARowIsFilledTheSameWhateverIsBesideIt(string order, double temperature)
    {
        SamplingOptions Options(int tokens) =>
            new()
            {
                Order = SamplingOrder.FromName(order), Temperature = temperature, GuidanceScale = 0.5, Steps = 4, Seed = 3,
                BatchTokens = tokens
            };
        int[][] rows = Rows();
        int[][] together = new TokenInfiller(new ToyEvaluator(), Options(8192)).Fill(rows);
        int[][] backwards = new TokenInfiller(new ToyEvaluator(), Options(30)).Fill([.. rows.Reverse()]);
        for (int i = 0; i < rows.Length; i++)
        {
            CollectionAssert.AreEqual(together[i], backwards[^(i + 1)]);
            CollectionAssert.AreEqual(together[i], new TokenInfiller(new ToyEvaluator(), Options(1)).Fill([rows[i]])[0]);
            for (int j = 0; j < rows[i].Length; j++)
                Assert.IsTrue(rows[i][j] == M
                    ? together[i][j] is >= 0 and < M
                    : together[i][j] == rows[i][j], "what was visible stays, what was masked is filled");
        }
    }

    [TestMethod]
    public void ConfidenceGoesFirstOneTokenAStep()
    {
        var model = new ToyEvaluator(seed: 2);
        int[] row = [.. Gapped];
        while (row.Contains(M))
        {
            (int Position, int Token, double Probability) best = (-1, -1, -1);
            for (int i = 0; i < row.Length; i++)
            {
                for (int token = 0; row[i] == M && token < M; token++)
                {
                    double probability = Math.Exp(model.LogProbability(row, row, 0, i, token));
                    if (probability > best.Probability)
                        best = (i, token, probability);
                }
            }
            row[best.Position] = best.Token;
        }
        var infiller = new TokenInfiller(model, new());
        CollectionAssert.AreEqual(row, infiller.Fill([Gapped])[0]);
        Assert.AreEqual(6, infiller.NetworkRows);
    }

    [TestMethod]
    [DataRow(1, new[] { 6 })]
    [DataRow(4, new[] { 2, 2, 1, 1 })]
    [DataRow(100, new[] { 1, 1, 1, 1, 1, 1 })]
    public void StepsShareTheMasksOfEachRow(int steps, int[] expected)
    {
        var model = new ToyEvaluator();
        new TokenInfiller(model, new() { Steps = steps }).Fill([Gapped]);
        int[] masks = [.. model.Seen.Select(row => row.Count(token => token == M)), 0];
        CollectionAssert.AreEqual(expected, masks.Zip(masks.Skip(1), (before, after) => before - after).ToArray());
    }

    [TestMethod]
    public void OneTokenAtTemperatureOneFollowsTheModel()
    {
        var model = new ToyEvaluator(sharpness: 0.6);
        int[] row = [2, M, 4];
        var counts = new double[7];
        const int Draws = 4000;
        for (int seed = 0; seed < Draws; seed++)
            counts[new TokenInfiller(model, new() { Temperature = 1, Seed = seed }).Fill([row])[0][1]]++;
        double chiSquare = Enumerable.Range(0, 7).Sum(token =>
        {
            double expected = Draws * Math.Exp(model.LogProbability(row, row, 0, 1, token));
            return (counts[token] - expected) * (counts[token] - expected) / expected;
        });
        Assert.IsTrue(chiSquare < 22.5, $"{chiSquare}");   // the 99.9 % quantile at six degrees of freedom
    }

    [TestMethod]
    public void ARandomOrderDrawsFromTheAverageOverAllOrders()
    {
        // Two tokens in random order: the probability of a pair is the mean of both chain rules.
        var model = new ToyEvaluator(sharpness: 0.8);
        const int Draws = 6000;
        var counts = new Dictionary<(int, int), int>();
        for (int seed = 0; seed < Draws; seed++)
        {
            int[] filled = new TokenInfiller(model, new() { Temperature = 1, Order = SamplingOrder.Random, Seed = seed })
                .Fill([[5, M, M]])[0];
            counts[(filled[1], filled[2])] = counts.GetValueOrDefault((filled[1], filled[2])) + 1;
        }
        double chiSquare = 0;
        foreach (int[] answer in BruteForce.Answers(7, 2))
        {
            double p = (Math.Exp(-BruteForce.Chain(model, [5], answer, [0, 1]))
                + Math.Exp(-BruteForce.Chain(model, [5], answer, [1, 0]))) / 2;
            double observed = counts.GetValueOrDefault((answer[0], answer[1]));
            chiSquare += (observed - Draws * p) * (observed - Draws * p) / (Draws * p);
        }
        Assert.IsTrue(chiSquare < 84.0, $"{chiSquare}");   // the 99.9 % quantile at 48 degrees of freedom
    }

    [TestMethod]
    public void SeedsDifferAndRepeat()
    {
        int[] all = [M, M, M, M, M, M, M, M, M, M];
        int[] Fill(int seed) => new TokenInfiller(new ToyEvaluator(), new() { Temperature = 1, Seed = seed }).Fill([all])[0];
        CollectionAssert.AreEqual(Fill(1), Fill(1));
        CollectionAssert.AreNotEqual(Fill(1), Fill(2));
    }

    [TestMethod]
    public void RowsWithoutGapsComeBackAndTheCallersArraysStay()
    {
        var model = new ToyEvaluator();
        int[] whole = [1, 2, 3], gap = [1, M];
        int[][] filled = new TokenInfiller(model, new()).Fill([whole, gap, [], gap]);
        CollectionAssert.AreEqual(whole, filled[0]);
        Assert.AreNotSame(whole, filled[0]);
        Assert.AreEqual(M, gap[1]);
        Assert.AreEqual(0, filled[2].Length);
        CollectionAssert.AreEqual(filled[1], filled[3]);
        Assert.AreEqual(1, model.Seen.Count);
    }

    [TestMethod]
    public void ProgressRisesToOneAndCancellationStops()
    {
        var reports = new List<double>();
        var model = new ToyEvaluator();
        new TokenInfiller(model, new()).Fill([Gapped, [M, 1]], progress: new Listener(reports.Add));
        CollectionAssert.AreEqual(reports.Order().ToArray(), reports);
        Assert.AreEqual(1.0, reports[^1]);

        using var source = new CancellationTokenSource();
        model.BeforeBatch = source.Cancel;
        model.Seen.Clear();
        Assert.ThrowsExactly<OperationCanceledException>(() => new TokenInfiller(model, new()).Fill([Gapped], source.Token));
        Assert.AreEqual(1, model.Seen.Count);
    }

    [TestMethod]
    public void RowsThatDoNotFitAreRefused()
    {
        var infiller = new TokenInfiller(new ToyEvaluator(), new());
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => infiller.Fill([new int[25]])).Message, "25 tokens");
        Assert.ThrowsExactly<ArgumentException>(() => infiller.Fill([[8]]));
        Assert.ThrowsExactly<ArgumentException>(() => infiller.Fill([[-1]]));
        Assert.ThrowsExactly<NotFiniteNumberException>(() => new TokenInfiller(new ToyEvaluator(sharpness: double.NaN), new()).Fill([[M]]));
        void Refused(SamplingOptions options, string name) =>
            Assert.AreEqual(name,
                Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TokenInfiller(new ToyEvaluator(), options)).ParamName);
        Refused(new() { Steps = 0 }, "Steps");
        Refused(new() { Temperature = -0.1 }, "Temperature");
        Refused(new() { Temperature = double.NaN }, "Temperature");
        Refused(new() { GuidanceScale = -1 }, "GuidanceScale");
        Refused(new() { TopP = 0 }, "TopP");
        Refused(new() { BatchTokens = 0 }, "BatchTokens");
    }

    [TestMethod]
    public void TheMaskTokenNeedNotBeTheLastOne()
    {
        // LLaDA has tokens above its mask token, 117 in the tiny network of 120.
        using TransformerNetwork network = PublishedNetwork.Load("llada");
        var infiller = new TokenInfiller(new NetworkEvaluator(network), new());
        int[] filled = infiller.Fill([[109, 118, 117, 119, 117]])[0];
        CollectionAssert.AreEqual(new[] { 109, 118, 119 }, new[] { filled[0], filled[1], filled[3] });
        CollectionAssert.DoesNotContain(filled, 117);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => infiller.Fill([[120, 117]])).Message, "0 to 119");
    }

    [TestMethod]
    public void GreedyMatchIsWhatInfillingGives()
    {
        foreach (double guidance in new[] { 0, 0.8 })
        {
            var model = new ToyEvaluator(seed: 4);
            int[] own = new TokenInfiller(model, new() { GuidanceScale = guidance }).Fill([[3, 5, M, M, M, M]])[0][2..];
            LikelihoodRequest[] requests = [.. Enumerable.Range(0, 4)
                .Select(i => new LikelihoodRequest([3, 5], [.. own.Select((token, j) => i == j ? (token + 1) % 7 : token)])),
                new([3, 5], own)];
            var matcher = new GreedyMatcher(model, new() { GuidanceScale = guidance });
            CollectionAssert.AreEqual(new[] { false, false, false, false, true }, matcher.Match(requests));
            Assert.IsTrue(matcher.NetworkRows <= (guidance == 0 ? 4 : 8), "rows that agree so far are the same rows");
        }
    }

    private sealed class Listener(Action<double> take) : IProgress<double>
    {
        public void Report(double value) => take(value);
    }
}
