using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TokenChooserTests
{
    private const int Draws = 20_000;
    private static readonly float[] Logits = [1.5f, -0.5f, 0.25f, 2f, -3f, 0f];

    [TestMethod]
    [DataRow(0.3)]
    [DataRow(1.0)]
    [DataRow(2.5)]
    public void FrequenciesAreTheSoftmaxOfLogitsOverTemperature(double temperature) =>
        ChiSquare.Require(Counts(new() { Temperature = temperature }), Softmax(temperature, _ => true));

    [TestMethod]
    public void ZeroIsTheLimitOfSmallTemperatures()
    {
        foreach (double temperature in new[] { 0, 1e-300, 1e-8, 1e-3 })
        {
            int[] counts = Counts(new() { Temperature = temperature });
            Assert.AreEqual(Draws, counts[3], $"temperature {temperature}");
        }
    }

    [TestMethod]
    public void FiltersKeepWhatTheySay()
    {
        // Probabilities in falling order: tokens 3, 0, 2, 5, 1, 4.
        ChiSquare.Require(Counts(new() { Temperature = 1, TopK = 3 }), Softmax(1, id => id is 3 or 0 or 2));
        double two = Softmax(1, _ => true)[3] + Softmax(1, _ => true)[0];
        ChiSquare.Require(Counts(new() { Temperature = 1, TopP = two - 0.01 }), Softmax(1, id => id is 3 or 0));
        ChiSquare.Require(Counts(new() { Temperature = 1, TopP = two + 0.01 }), Softmax(1, id => id is 3 or 0 or 2));
        double ratio = Math.Exp(0.25 - 2);
        ChiSquare.Require(Counts(new() { Temperature = 1, MinP = ratio + 0.01 }), Softmax(1, id => id is 3 or 0));
        ChiSquare.Require(Counts(new() { Temperature = 1, MinP = ratio - 0.01 }), Softmax(1, id => id is 3 or 0 or 2));
        // The filters act on the distribution that the temperature makes.
        ChiSquare.Require(Counts(new() { Temperature = 0.5, MinP = Math.Exp((0.25 - 2) / 0.5) - 0.001 }),
            Softmax(0.5, id => id is 3 or 0 or 2));
    }

    [TestMethod]
    public void TheOrderLooksAtTheDistributionBeforeTemperatureAndFilters()
    {
        TokenPrediction plain = Choose(new(), 0), filtered = Choose(new() { Temperature = 0.1, TopK = 2 }, 0);
        double[] softmax = Softmax(1, _ => true);
        foreach (TokenPrediction prediction in new[] { plain, filtered })
        {
            // Exponentials of 32 bits.
            Assert.AreEqual(softmax[prediction.Token], prediction.Probability, 1e-7);
            Assert.AreEqual(softmax[3], prediction.TopProbability, 1e-7);
            Assert.AreEqual(softmax[0], prediction.SecondProbability, 1e-7);
            Assert.AreEqual(-softmax.Sum(p => p * Math.Log(p)), prediction.Entropy, 1e-6);
        }
        TokenPrediction kept = Choose(new() { TopK = 2, OrderSeesKeptTokens = true }, 0);
        Assert.AreEqual(softmax[3] / (softmax[3] + softmax[0]), kept.TopProbability, 1e-7);
    }

    [TestMethod]
    [DataRow(0.1)]
    [DataRow(0.5)]
    [DataRow(3.0)]
    public void TheOrderCanLookAtWhatIsDrawnFrom(double temperature)
    {
        TokenPrediction all = Choose(new() { Temperature = temperature, OrderSeesKeptTokens = true }, 1);
        RequireDistribution(Softmax(temperature, _ => true), all);
        SamplingOptions two = new() { Temperature = temperature, TopK = 2, OrderSeesKeptTokens = true };
        RequireDistribution(Softmax(temperature, id => id is 3 or 0), Choose(two, 1));
        ChiSquare.Require(Counts(two), Softmax(temperature, id => id is 3 or 0));
        Assert.AreEqual(3, Choose(new() { Temperature = 1e-300, OrderSeesKeptTokens = true }, 1).Token);
    }

    [TestMethod]
    public void PostponedTokensAreChosenAndHaveNoProbabilityForTheOrder()
    {
        double[] all = Softmax(1, _ => true), others = Softmax(1, id => id is not 3 and not 4);
        TokenPrediction postponed = Choose(new() { PostponedTokens = [3, 4, 3] }, 0);
        Assert.AreEqual(3, postponed.Token);
        Assert.AreEqual((0, 0, 0), (postponed.Probability, postponed.TopProbability, postponed.SecondProbability));
        Assert.AreEqual(Math.Log(Logits.Length), postponed.Entropy);
        Assert.AreEqual(Math.Log(all[3]), postponed.LogProbability, 1e-6, "the choice keeps its own probability");
        // Drawn among all tokens, judged among the others.
        SamplingOptions drawn = new() { Temperature = 1, PostponedTokens = [3, 4] };
        ChiSquare.Require(Counts(drawn), all);
        for (ulong key = 0; key < 50; key++)
        {
            TokenPrediction prediction = Choose(drawn, key);
            if (prediction.Token is 3 or 4)
                Assert.AreEqual(0, prediction.Probability);
            else
                RequireDistribution(others, prediction);
            Assert.AreEqual(Math.Log(all[prediction.Token]), prediction.LogProbability, 1e-6);
        }
        Assert.AreEqual(0, Choose(new() { TopK = 1, OrderSeesKeptTokens = true, PostponedTokens = [3] }, 0).Probability);
    }

    [TestMethod]
    public void BiasesPenaltiesAndForbiddenTokensActBeforeTheOrder()
    {
        SamplingOptions options = new()
        {
            SuppressedTokens = [3], TokenBias = new Dictionary<int, double> { [1] = 4 }, RepetitionPenalty = 2,
        };
        float[] logits = [.. Logits];
        var request = new SamplingRequest([0, 6, 4], [1]) { Key = 0, EndOfTextIds = [5], FirstEnd = 2, EndOfTextPenalty = 1 };
        RepetitionPenalty.Apply(logits, [0, 6, 4], options, 6);
        LogitChange.Of(request, options, 1, [], mayEnd: true).AddTo(logits);
        // Tokens 0 and 4 are in the row: the positive logit is halved, the negative one doubled.
        CollectionAssert.AreEqual(new[] { 0.75f, 3.5f, 0.25f, float.NegativeInfinity, -6f, float.NegativeInfinity }, logits);
        float[] later = [.. Logits];
        LogitChange.Of(request, new SamplingOptions(), 2, [1, 5], mayEnd: true).AddTo(later);
        Assert.AreEqual(-1f, later[5], "the end is allowed from here on, at its penalty");
        Assert.AreEqual(float.NegativeInfinity, later[1]);
        LogitChange.Of(request, new SamplingOptions(), 2, [1, 5], mayEnd: false).AddTo(later);
        Assert.AreEqual(float.NegativeInfinity, later[5]);
    }

    [TestMethod]
    public void LogitsThatAreNoNumbersAreNamed()
    {
        Assert.ThrowsExactly<NotFiniteNumberException>(() => TokenStatistics.Of([1, float.NaN]));
        Assert.ThrowsExactly<NotFiniteNumberException>(() => TokenStatistics.Of([1, float.PositiveInfinity]));
        Assert.ThrowsExactly<InvalidOperationException>(() => TokenStatistics.Of([float.NegativeInfinity]));
    }

    // Exponentials of 32 bits.
    private static void RequireDistribution(double[] expected, TokenPrediction actual)
    {
        double[] ordered = [.. expected.OrderDescending()];
        Assert.AreEqual(expected[actual.Token], actual.Probability, 1e-6);
        Assert.AreEqual(ordered[0], actual.TopProbability, 1e-6);
        Assert.AreEqual(ordered[1], actual.SecondProbability, 1e-6);
        Assert.AreEqual(-expected.Sum(p => p == 0 ? 0 : p * Math.Log(p)), actual.Entropy, 1e-5);
    }

    private static TokenPrediction Choose(SamplingOptions options, ulong key) =>
        new TokenChooser(options).Choose((float[])Logits.Clone(), 0, 0, new CounterDraws(1, key));

    private static int[] Counts(SamplingOptions options)
    {
        var counts = new int[Logits.Length];
        for (ulong key = 0; key < Draws; key++)
            counts[Choose(options, key).Token]++;
        return counts;
    }

    private static double[] Softmax(double temperature, Func<int, bool> isKept)
    {
        double[] weights = [.. Logits.Select((logit, id) => isKept(id) ? Math.Exp(logit / temperature) : 0)];
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }
}
