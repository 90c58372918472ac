using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What guidance masks in the windows of a long text.</summary>
[TestClass]
public sealed class TextWindowsTests
{
    private const int Limit = 8, Stride = 3;
    private const double Guidance = 0.7;

    private static readonly int[] Prompt = [3, 1, 6, 2], Text = [2, 6, 0, 5, 4, 4, 1, 0, 3, 5, 2];

    // What the windows hold of the prompt: they begin at positions 0, 3, 6 and 7 of prompt and text.
    private static readonly int[] PromptLeft = [4, 1, 0, 0];

    private static LikelihoodRequest[] Windows() => [.. TextWindows.Of(Prompt, Text, Limit, Stride)];

    [TestMethod]
    [DataRow("ExactCount")]
    [DataRow("ChainRule")]
    [DataRow("Sampler(LeftToRight)")]
    public void GuidanceMasksThePromptAndNoneOfTheText(string name)
    {
        var model = new ToyEvaluator();
        var options = new LikelihoodOptions { Method = LikelihoodMethod.FromName(name), GuidanceScale = Guidance };
        LikelihoodRequest[] windows = Windows();
        LikelihoodEstimate[] estimates = new MaskedDiffusionScorer(model, options).Score(windows);
        Assert.AreEqual(PromptLeft.Length, windows.Length);
        for (int i = 0; i < windows.Length; i++)
        {
            (int[] context, int[] answer) = (windows[i].Context, windows[i].Answer);
            double expected = options.Method == LikelihoodMethod.ExactCount
                ? BruteForce.Bound(model, context, answer, Guidance, PromptLeft[i])
                : BruteForce.Chain(model, context, answer, [.. Enumerable.Range(0, answer.Length)], Guidance, PromptLeft[i]);
            // A sampler reads logits of 32 bits.
            Assert.AreEqual(-expected, estimates[i].LogLikelihood, 1e-5, $"window {i}");
        }
    }

    [TestMethod]
    public void GreedyChoicesAndBoundsFromBothSidesSeeTheSame()
    {
        var model = new ToyEvaluator();
        var options = new LikelihoodOptions { GuidanceScale = Guidance };
        LikelihoodRequest window = Windows()[1];
        var scorer = new MaskedDiffusionScorer(model, options);
        // All orders of three tokens are summed.
        Assert.AreEqual(
            -BruteForce.Bound(model, window.Context, window.Answer, Guidance, PromptLeft[1]), scorer.Bound([window], 8)[0].Lower, 1e-9);
        model.Seen.Clear();
        scorer.MatchGreedily([window]);
        int[] free = [.. window.Context.Select((id, i) => i < PromptLeft[1] ? model.MaskTokenId : id), 7, 7, 7];
        Assert.IsTrue(model.Seen.Any(row => row.SequenceEqual(free)), "the first step's counterpart");
    }

    /// <summary>Behind the prompt guidance has nothing to lead away from, and costs nothing.</summary>
    [TestMethod]
    [DataRow("ExactCount")]
    [DataRow("Sampler(Margin)")]
    public void WindowsBehindThePromptHaveTheBitsOfUnguidedOnes(string name)
    {
        LikelihoodEstimate[] Score(double guidance)
        {
            var options = new LikelihoodOptions { Method = LikelihoodMethod.FromName(name), GuidanceScale = guidance };
            return new MaskedDiffusionScorer(new ToyEvaluator(), options).Score(Windows());
        }

        LikelihoodEstimate[] guided = Score(Guidance), plain = Score(0);
        CollectionAssert.AreEqual(plain[2..], guided[2..]);
        Assert.AreNotEqual(plain[1].LogLikelihood, guided[1].LogLikelihood);
        Assert.AreEqual(2 * plain[1].NetworkRows, guided[1].NetworkRows);
    }
}
