using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Which samplers have a likelihood, and what they are called.</summary>
[TestClass]
public sealed class SamplerMethodTests
{
    [TestMethod]
    public void NamesSayWhatDiffersFromTheDefaults()
    {
        static string Name(LikelihoodMethod method)
        {
            var read = (SamplerMethod)LikelihoodMethod.FromName(method.Name.ToUpperInvariant());
            Assert.IsTrue(((SamplerMethod)method).IsSameAs(read), method.Name);
            Assert.AreEqual(((SamplerMethod)method).Steps, read.Steps);
            Assert.AreEqual(((SamplerMethod)method).BlockLength, read.BlockLength);
            return method.Name;
        }
        Assert.AreEqual("Sampler(Margin)", Name(LikelihoodMethod.Sampler(SamplingOrder.Margin)));
        Assert.AreEqual("Sampler(Entropy, Fixed(2))", Name(LikelihoodMethod.Sampler(SamplingOrder.Entropy, TokensPerStep.Fixed(2))));
        Assert.AreEqual("Sampler(LeftToRight, EqualShares, Steps 8)",
            Name(LikelihoodMethod.Sampler(SamplingOrder.LeftToRight, steps: 8)));
        Assert.AreEqual("Sampler(TopProbability, Threshold(0.9), BlockLength 32)",
            Name(LikelihoodMethod.Sampler(SamplingOrder.TopProbability, TokensPerStep.Threshold(), blockLength: 32)));
        Assert.AreEqual("Sampler(Margin, TimeLinear(0.001), Steps 5, BlockLength 4)",
            Name(LikelihoodMethod.Sampler(SamplingOrder.Margin, TokensPerStep.TimeLinear(0.001), 5, 4)));
        Assert.AreEqual("Sampler(Margin, EqualShares, Steps 3)", LikelihoodMethod.FromName("sampler(margin,steps 3)").Name);
    }

    [TestMethod]
    [DataRow("Sampler")]
    [DataRow("Sampler(Margin")]
    [DataRow("Sampler()")]
    [DataRow("Sampler(Margins)")]
    [DataRow("Sampler(Margin, Fixed(2), 8)")]
    [DataRow("Sampler(Margin, Steps -8)")]
    [DataRow("Sampler(Margin, Steps 0)")]
    [DataRow("Sampler(Margin, BlockLength 4, Steps 8)")]
    [DataRow("Sampler(Margin, Fixed(2.5))")]
    [DataRow("Sampler(Random)")]
    [DataRow("Sampler(Margin, Ancestral(0.1))")]
    public void OtherNamesAreRefused(string name) =>
        Assert.IsInstanceOfType<ArgumentException>(Assert.Throws<ArgumentException>(() => LikelihoodMethod.FromName(name)));

    [TestMethod]
    public void SamplersWithoutALikelihoodAreRefusedWithTheReason()
    {
        static void Refused(Action<SamplingOptions> change, string option, string value, string remedy)
        {
            SamplingOptions options = SamplerPolicies.Options(SamplingOrder.Margin, TokensPerStep.EqualShares);
            change(options);
            ArgumentOutOfRangeException error =
                Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => LikelihoodMethod.Sampler(options));
            Assert.AreEqual(option, error.ParamName);
            StringAssert.Contains(error.Message, $"Option {option} is {value}; it must be ");
            StringAssert.Contains(error.Message, remedy);
        }
        Refused(o => o.Order = SamplingOrder.Confidence, "Order", "Confidence", "TopProbability");
        Refused(o => o.Order = SamplingOrder.Random, "Order", "Random", "LikelihoodScorer.Interval");
        Refused(o => o.TokensPerStep = TokensPerStep.Ancestral(), "TokensPerStep", "Ancestral(1E-05)", "EqualShares");
        Refused(o => o.TokensPerStep = new Peeking(), "TokensPerStep", "Peeking", "tokens drawn");
        Refused(o => o.Temperature = 0, "Temperature", "0", "1, at which");
        Refused(o => o.Temperature = 0.7, "Temperature", "0.7", "1, at which");
        Refused(o => o.Remasking = Remasking.LeastConfident, "Remasking", "LeastConfident", "None");
        Refused(o => o.GuidanceScale = 1, "GuidanceScale", "1", "LikelihoodOptions.GuidanceScale");
        Refused(o => o.GuidanceEnd = 0.1, "GuidanceEnd", "0.1", "every step");
        Refused(o => o.GuidanceStart = 0.9, "GuidanceStart", "0.9", "every step");
        Refused(o => o.TopK = 5, "TopK", "5", "null");
        Refused(o => o.TopP = 0.9, "TopP", "0.9", "impossible");
        Refused(o => o.MinP = 0.1, "MinP", "0.1", "impossible");
        Refused(o => o.RepetitionPenalty = 1.2, "RepetitionPenalty", "1.2", "own distribution");
        Refused(o => o.SuppressedTokens = [1], "SuppressedTokens", "1", "impossible");
        Refused(o => o.PostponedTokens = [1], "PostponedTokens", "1", "tokens drawn");
        Refused(o => o.TokenBias = new Dictionary<int, double> { [1] = 1 }, "TokenBias", "1", "own distribution");
        Refused(o => o.SharesStepsAmongRows = true, "SharesStepsAmongRows", "true", "beside it");
        Refused(o => o.Steps = 0, "Steps", "0", "at least 1");
        Assert.ThrowsExactly<ArgumentNullException>(() => LikelihoodMethod.Sampler((SamplingOrder)null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => LikelihoodMethod.Sampler((SamplingOptions)null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => LikelihoodMethod.FromName(null!));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => TokensPerStep.Fixed(0));
    }

    [TestMethod]
    public void OptionsAreCopied()
    {
        SamplingOptions options = SamplerPolicies.Options(SamplingOrder.Margin, TokensPerStep.EqualShares, steps: 2);
        var method = (SamplerMethod)LikelihoodMethod.Sampler(options);
        options.Steps = 3;
        Assert.AreEqual(2, method.Steps);
    }

    [TestMethod]
    public void RulesOfOnesOwnNeverSeeTheAnswer()
    {
        var order = new Curious();
        SamplingOptions policy = SamplerPolicies.Options(order, new CuriousRule(order));
        Assert.AreEqual(3, SamplerPolicies.Score(new ToyEvaluator(), policy, [new([1], [2, 3, 4])])[0].NetworkRows);
        Assert.IsGreaterThan(0, order.Looks);
    }

    [TestMethod]
    public void AnOrderThatNeedsTheTokenAndDoesNotSaySoIsRefused()
    {
        SamplingOptions policy = SamplerPolicies.Options(new Undeclared(), TokensPerStep.EqualShares);
        string message = Assert.ThrowsExactly<InvalidOperationException>(
            () => SamplerPolicies.Score(new ToyEvaluator(), policy, [new([1], [2, 3, 4])])).Message;
        StringAssert.Contains(message, "The order 'Undeclared'");
        StringAssert.Contains(message, "UsesChosenToken");
    }

    [TestMethod]
    public void AnAutoregressiveModelHasNoSamplerOfMasks()
    {
        using MaskedDiffusionModel model = TinyAutoregressiveModel.Create();
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new LikelihoodScorer(
            model, new LikelihoodOptions { Method = LikelihoodMethod.Sampler(SamplingOrder.Margin) })).Message;
        StringAssert.Contains(message, "Method is 'Sampler(Margin)'");
        StringAssert.Contains(message, "autoregressive");
        StringAssert.Contains(message, "order of a sampler");
    }

    private sealed class Peeking() : TokensPerStep("Peeking")
    {
        public override bool UsesPredictions => true;

        public override bool UsesChosenToken => true;

        public override int Count(in SamplingStep step) => step.Ranked[0].Token == 3 ? 2 : 1;
    }

    private sealed class Curious() : SamplingOrder("Curious")
    {
        public int Looks { get; private set; }

        public override double Priority(in TokenPrediction prediction)
        {
            Look(prediction);
            return prediction.Entropy;
        }

        public void Look(in TokenPrediction prediction)
        {
            Looks++;
            Assert.AreEqual(-1, prediction.Token);
            Assert.IsTrue(double.IsNaN(prediction.Probability) && double.IsNaN(prediction.Draw));
            Assert.IsTrue(prediction.TopProbability > 0 && prediction.Entropy > 0);
        }
    }

    private sealed class CuriousRule(Curious order) : TokensPerStep("CuriousRule")
    {
        public override bool UsesPredictions => true;

        public override int Count(in SamplingStep step)
        {
            foreach (TokenPrediction prediction in step.Ranked)
                order.Look(prediction);
            return 1;
        }
    }

    private sealed class Undeclared() : SamplingOrder("Undeclared")
    {
        public override double Priority(in TokenPrediction prediction) => prediction.Probability;
    }
}
