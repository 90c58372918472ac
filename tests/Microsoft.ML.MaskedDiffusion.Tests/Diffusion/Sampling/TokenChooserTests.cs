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
