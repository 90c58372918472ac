using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class MaskedDiffusionScorerTests
{
    private static LikelihoodRequest[] Mixed(int count, ulong? key = null)
    {
        var random = new Random(3);
        int[] Ids(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(7))];
        return [.. Enumerable.Range(0, count)
            .Select(_ => new LikelihoodRequest(Ids(random.Next(0, 4)), Ids(random.Next(1, 9))) { RandomKey = key })];
    }

    [TestMethod]
    [DataRow("ExactCount")]
    [DataRow("MonteCarlo")]
    [DataRow("Enumerate")]
    [DataRow("ChainRule")]
    [DataRow("Sampler(Margin, Fixed(2), BlockLength 3)")]
    [DataRow("Sampler(LeftToRight)")]
    public void TheSameRequestGetsTheSameBitsWhateverIsBesideIt(string name)
    {
        foreach (double guidance in new[] { 0, 0.5 })
        {
            LikelihoodOptions Options(int tokens) =>
                new()
                {
                    Method = LikelihoodMethod.FromName(name),
                    Samples = 20,
                    RoundSize = 5,
                    GuidanceScale = guidance,
                    BatchTokens = tokens,
                };
            LikelihoodRequest[] requests = Mixed(30);
            LikelihoodEstimate[] together = new MaskedDiffusionScorer(new ToyEvaluator(), Options(8192)).Score(requests);
            LikelihoodEstimate[] backwards = new MaskedDiffusionScorer(new ToyEvaluator(), Options(40)).Score([.. requests.Reverse()]);
            CollectionAssert.AreEqual(together, backwards.Reverse().ToArray());
            LikelihoodEstimate[] alone =
                [.. requests.Select(request => new MaskedDiffusionScorer(new ToyEvaluator(), Options(1)).Score([request])[0])];
            CollectionAssert.AreEqual(together, alone);
        }
    }

    [TestMethod]
    public void SeedsAndContentsGiveOtherDraws()
    {
        int[] answer = [1, 1, 1, 1, 1, 1, 1, 1];
        double Score(int seed, int[] context, ulong? key = null) =>
            new MaskedDiffusionScorer(new ToyEvaluator(), new() { Samples = 20, Seed = seed })
            .Score([new LikelihoodRequest(context, answer) { RandomKey = key }])[0].LogLikelihood;
        Assert.AreEqual(Score(1, [2]), Score(1, [2]));
        Assert.AreNotEqual(Score(1, [2]), Score(2, [2]));
        Assert.AreNotEqual(Score(1, [2]), Score(1, [2], key: 5));
        Assert.AreEqual(Score(-1, [2], key: 5), Score(-1, [2], key: 5));
    }

    [TestMethod]
    public void IdenticalRowsAreComputedOnce()
    {
        var model = new ToyEvaluator();
        var request = new LikelihoodRequest([1, 2], [3, 4, 5]);
        var scorer = new MaskedDiffusionScorer(model, new() { BatchTokens = 10 });
        LikelihoodEstimate[] estimates = scorer.Score([request, request, new([1, 2], [3, 4, 6]), request]);
        Assert.AreEqual(estimates[0], estimates[3]);
        // Seven masks each; the four that hide the last token look the same for both answers.
        Assert.AreEqual(10, model.Seen.Count);
        Assert.AreEqual(10, scorer.NetworkRows);
        Assert.AreEqual(7, estimates[2].NetworkRows);
        Assert.AreEqual(10, model.Seen.Distinct(TokenRowComparer.Instance).Count());
    }

    [TestMethod]
    public void CommonRandomNumbersSharpenDifferences()
    {
        // Two options that differ in one token: their noise is nearly the same under one key.
        var random = new Random(1);
        double common = 0, separate = 0;
        for (int trial = 0; trial < 40; trial++)
        {
            int[] first = [.. Enumerable.Range(0, 12).Select(_ => random.Next(7))], second = [.. first[..11], (first[11] + 1) % 7];
            double exact = Difference(null, new() { Method = LikelihoodMethod.Enumerate });
            common += Math.Pow(Difference((ulong)trial, new() { Samples = 24, Seed = trial }) - exact, 2);
            separate += Math.Pow(Difference(null, new() { Samples = 24, Seed = trial }) - exact, 2);

            double Difference(ulong? key, LikelihoodOptions options)
            {
                LikelihoodEstimate[] estimates = new MaskedDiffusionScorer(new ToyEvaluator(), options).Score(
                    [new([0], first) { RandomKey = key }, new([0], second) { RandomKey = key }]);
                return estimates[0].LogLikelihood - estimates[1].LogLikelihood;
            }
        }
        Console.WriteLine($"variance of the difference, common / separate draws: {common / separate:F3}");
        Assert.IsTrue(common < separate * 0.7, $"{common} {separate}");
    }

    [TestMethod]
    public void AnAdaptiveBudgetStopsAtItsTarget()
    {
        LikelihoodRequest[] requests = [.. Mixed(20).Where(request => request.Answer.Length > 4)];
        LikelihoodEstimate[] few = new MaskedDiffusionScorer(new ToyEvaluator(), new() { Samples = 16 }).Score(requests);
        LikelihoodOptions options = new() { Samples = 16, TargetStandardError = 0.1, MaxSamples = 8192 };
        LikelihoodEstimate[] enough = new MaskedDiffusionScorer(new ToyEvaluator(), options).Score(requests);
        for (int i = 0; i < requests.Length; i++)
        {
            Assert.IsTrue(enough[i].StandardError <= 0.1);
            if (few[i].StandardError <= 0.1)
                Assert.AreEqual(few[i], enough[i]);
            else
                Assert.IsTrue(enough[i].NetworkRows > few[i].NetworkRows);
            Assert.IsTrue(enough[i].NetworkRows < 1 << requests[i].Answer.Length, "no mask is computed twice");
        }
        CollectionAssert.AreEqual(enough,
            requests.Select(request => new MaskedDiffusionScorer(new ToyEvaluator(), options).Score([request])[0]).ToArray());

        options = new() { Samples = 16, TargetStandardError = 1e-9, MaxSamples = 40 };
        foreach (LikelihoodEstimate capped in new MaskedDiffusionScorer(new ToyEvaluator(), options).Score(requests))
            Assert.IsTrue(capped.NetworkRows <= 40);
    }

    [TestMethod]
    public void SamplingStopsWhereTheBestOptionIsClear()
    {
        var model = new ToyEvaluator();
        LikelihoodRequest[][] questions = [.. Mixed(400, key: 8).Where(request => request.Answer.Length == 8).Chunk(2)];
        LikelihoodOptions options = new() { Samples = 12, SeparationZ = 2, MaxSamples = 4096 };
        LikelihoodEstimate[][] results = new MaskedDiffusionScorer(model, options).ScoreQuestions(questions);
        int stopped = 0, continued = 0;
        foreach (LikelihoodEstimate[] question in results.Where(question => question.Length == 2))
        {
            double gap = Math.Abs(question[0].LogLikelihood - question[1].LogLikelihood);
            Assert.IsTrue(gap > 2 * Math.Sqrt(question.Sum(estimate => estimate.StandardError * estimate.StandardError))
                || question.All(e => e.StandardError == 0));
            if (question[0].NetworkRows <= 12)
                stopped++;
            else
                continued++;
        }
        Assert.IsTrue(stopped > 0 && continued > 0, $"{stopped} {continued}");
    }

    [TestMethod]
    public void TwoEqualOptionsEnd()
    {
        var request = new LikelihoodRequest([1], [1, 2, 3, 4, 5]) { RandomKey = 1 };
        LikelihoodOptions options = new() { Samples = 12, SeparationZ = 3, MaxSamples = 20 };
        LikelihoodEstimate[] question = new MaskedDiffusionScorer(new ToyEvaluator(), options).ScoreQuestions([[request, request]])[0];
        Assert.AreEqual(question[0], question[1]);
    }

    [TestMethod]
    public void CancellationStopsBetweenBatches()
    {
        using var source = new CancellationTokenSource();
        var model = new ToyEvaluator();
        model.BeforeBatch = () =>
        {
            if (model.Seen.Count > 10)
                source.Cancel();
        };
        Assert.ThrowsExactly<OperationCanceledException>(() =>
            new MaskedDiffusionScorer(model, new() { BatchTokens = 20 }).Score(Mixed(50), source.Token));
        Assert.IsTrue(model.Seen.Count < 40);
    }

    [TestMethod]
    public void RequestsThatDoNotFitAreRefused()
    {
        var scorer = new MaskedDiffusionScorer(new ToyEvaluator(), new());
        void Refused(LikelihoodRequest request, string part) =>
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => scorer.Score([request])).Message, part);
        Refused(new(new int[20], new int[5]), "20 tokens and an answer of 5 make 25; the model sees at most 24");
        Refused(new([1, 8], [1]), "8 of the context");
        Refused(new([-1], [1]), "-1 of the context");
        Refused(new([1, 7], [7]), "7 of the answer");
        Assert.ThrowsExactly<ArgumentException>(() => new LikelihoodRequest([1], []));
        Assert.ThrowsExactly<ArgumentException>(() => new LikelihoodRequest([1], [1, 2]) { Order = [0, 0] });
        Assert.AreEqual(0, scorer.Score([]).Length);
    }

    [TestMethod]
    public void ARoundOfMoreDrawsThanThereAreIsOneOfAllOfThem()
    {
        LikelihoodEstimate[] estimates =
        [
            .. new[] { 16, 17, int.MaxValue }.Select(size => new MaskedDiffusionScorer(
                new ToyEvaluator(), new() { Method = LikelihoodMethod.MonteCarlo, Samples = 16, RoundSize = size })
                .Score([new([1], [2, 6, 0, 5])])[0]),
        ];
        Assert.IsGreaterThan(0, estimates[0].StandardError);
        Assert.AreEqual(estimates[0], estimates[1]);
        Assert.AreEqual(estimates[0], estimates[2]);
    }

    [TestMethod]
    public void ABlockOfAnySizeIsNoLongerThanTheText()
    {
        LikelihoodEstimate[] estimates =
        [
            .. new int?[] { null, 4, int.MaxValue }.Select(size => new MaskedDiffusionScorer(
                new ToyEvaluator(), new() { Method = LikelihoodMethod.Sampler(SamplingOrder.Margin, blockLength: size) })
                .Score([new([1], [2, 6, 0, 5])])[0]),
        ];
        Assert.AreEqual(estimates[0], estimates[1]);
        Assert.AreEqual(estimates[0], estimates[2]);
    }

    [TestMethod]
    public void DamagedWeightsAreAnError()
    {
        var model = new ToyEvaluator(sharpness: double.NaN);
        Assert.ThrowsExactly<NotFiniteNumberException>(() => new MaskedDiffusionScorer(model, new()).Score([new([1], [2, 3])]));
    }

    [TestMethod]
    public void OptionsAreCheckedAndCopied()
    {
        void Refused(LikelihoodOptions options, string name) =>
            Assert.AreEqual(name,
                Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MaskedDiffusionScorer(new ToyEvaluator(), options)).ParamName);
        Refused(new() { Samples = 2 }, "Samples");
        Refused(new() { GuidanceScale = -1 }, "GuidanceScale");
        Refused(new() { GuidanceScale = double.NaN }, "GuidanceScale");
        Refused(new() { RoundSize = 0 }, "RoundSize");
        Refused(new() { TargetStandardError = 0 }, "TargetStandardError");
        Refused(new() { SeparationZ = double.NaN }, "SeparationZ");
        Refused(new() { TargetStandardError = 1, MaxSamples = 100 }, "MaxSamples");
        Refused(new() { BatchTokens = 0 }, "BatchTokens");
        Assert.ThrowsExactly<ArgumentNullException>(() => new MaskedDiffusionScorer(new ToyEvaluator(), new() { Method = null! }));

        LikelihoodOptions later = new() { Samples = 20 };
        var scorer = new MaskedDiffusionScorer(new ToyEvaluator(), later);
        later.Samples = 1;
        Assert.IsTrue(scorer.Score([new([1], [1, 2, 3, 4, 5, 6])])[0].NetworkRows > 1);
    }
}
