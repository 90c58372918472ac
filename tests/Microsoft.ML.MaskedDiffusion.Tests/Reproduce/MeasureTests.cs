using DocumentationDemo.Corpus;
using Reproduce.Experiments.Guidance;
using Reproduce.Experiments.ReverseCurse;
using Reproduce.Experiments.ScalingLaw;
using Reproduce.Experiments.SpeedQuality;
using Reproduce.Experiments.Steps;
using Reproduce.Results;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What the experiments measure by, held to closed forms.</summary>
[TestClass]
public sealed class MeasureTests
{
    [TestMethod]
    [DataRow(0.1, 0.3, Verdict.Holds, Verdict.DoesNotHold)]
    [DataRow(-0.003, 0.010, Verdict.CannotBeTold, Verdict.CannotBeTold)]
    [DataRow(-0.3, -0.1, Verdict.DoesNotHold, Verdict.Holds)]
    public void ADifferenceWithinItsErrorCannotBeTold(double low, double high, object above, object below)
    {
        var difference = new Interval((low + high) / 2, low, high);
        Assert.AreEqual(above, Verdicts.IsAbove(difference));
        Assert.AreEqual(below, Verdicts.IsBelow(difference));
    }

    [TestMethod]
    public void BleuIsThatOfItsDefinition()
    {
        Assert.AreEqual(1, Bleu.OfCharacters("a text", "a text"), 1e-12);
        Assert.AreEqual(1, Bleu.OfWords("one two three four", "one two three four"), 1e-12);
        Assert.AreEqual(0, Bleu.OfCharacters("abcxyz", "abc---"), "no four characters in a row agree");
        Assert.AreEqual(0, Bleu.OfCharacters("", "abc"));
        // abcd against abcde: all n-grams are there, and the text is a fifth shorter.
        Assert.AreEqual(Math.Exp(1 - (5 / 4.0)), Bleu.OfCharacters("abcd", "abcde"), 1e-12);
        // abcdx against abcde: 4 of 5, 3 of 4, 2 of 3 and 1 of 2.
        Assert.AreEqual(Math.Pow(4 / 5.0 * (3 / 4.0) * (2 / 3.0) * (1 / 2.0), 1 / 4.0), Bleu.OfCharacters("abcdx", "abcde"), 1e-12);
        // Words, one added from pairs on: 1 of 2, then (0 + 1) of (1 + 1) three times, because a text has one gram at least.
        Assert.AreEqual(Math.Pow(1 / 2.0 * (1 / 2.0) * (1 / 2.0) * (1 / 2.0), 1 / 4.0), Bleu.OfWords("a b", "a c"), 1e-12);
    }

    [TestMethod]
    public void TheGrammarsProbabilitiesSumToOneAndItsTextsArePossible()
    {
        var grammar = new Grammar(new Random(3));
        string letters = "abcdefghijklmnop";
        string[] all = [.. from a in letters from b in letters from c in letters select $"{a}{b}{c}"];
        Assert.AreEqual(1, all.Sum(text => Math.Exp(-grammar.NegativeLogLikelihood(text))), 1e-9);
        Assert.IsTrue(all.Count(grammar.IsPossible) < all.Length / 10, "most are impossible");
        Assert.IsFalse(grammar.IsPossible("Z"));
        var random = new Random(4);
        Assert.IsTrue(Enumerable.Range(0, 200).All(_ => grammar.IsPossible(grammar.Draw(20, random))));
    }

    [TestMethod]
    public void FitsFindTheLawAndTheParabolaThatMadeThePoints()
    {
        PowerLaw law = PowerLaw.Fit(new[] { 1e12, 3e12, 1e13 }.Select(flops => (flops, 50 * Math.Pow(flops, -0.06))));
        Assert.AreEqual(50, law.Factor, 1e-6);
        Assert.AreEqual(-0.06, law.Exponent, 1e-9);
        Assert.AreEqual(3e12, law.Inverse(law.At(3e12)), 1);
        double[] sizes = [1e4, 1e5, 1e6];
        IsoFlopCurve inside = IsoFlopCurve.Fit(1, [.. sizes.Select(n => (n, 3 + (0.1 * Math.Pow(Math.Log(n / 2e5), 2))))]);
        Assert.IsTrue(inside.IsInside);
        Assert.AreEqual(2e5, inside.BestParameters, 1);
        Assert.AreEqual(3, inside.BestLoss, 1e-9);
        IsoFlopCurve outside = IsoFlopCurve.Fit(1, [.. sizes.Select(n => (n, 3 + (0.1 * Math.Pow(Math.Log(n / 2e7), 2))))]);
        Assert.IsFalse(outside.IsInside);
        Assert.AreEqual(1e6, outside.BestParameters, 1, "the best of the sizes that there are");
    }
    [TestMethod]
    public void RepetitionIsSeenInEntropyAndInPairs()
    {
        Assert.AreEqual(0, TextStatistics.Entropy([7, 7, 7, 7]), 1e-12);
        Assert.AreEqual(Math.Log(4), TextStatistics.Entropy([1, 2, 3, 4]), 1e-12);
        // Three of four and one of four.
        Assert.AreEqual((-0.75 * Math.Log(0.75)) - (0.25 * Math.Log(0.25)), TextStatistics.Entropy([1, 1, 2, 1]), 1e-12);
        // The pairs are 1-2, 2-1, 1-2 and 1-2 again in the other text: two different ones of four.
        Assert.AreEqual(0.5, TextStatistics.DistinctPairs([[1, 2, 1, 2], [1, 2]]), 1e-12);
        Assert.AreEqual(0, TextStatistics.DistinctPairs([[1], []]), "there is no pair");
    }

    [TestMethod]
    public void QuestionsHaveTheRightSummaryAndThreeOthersNearItInLength()
    {
        CorpusRow[] rows =
            [.. Enumerable.Range(1, 200).Select(i => CorpusRow.Create($"Type{i}", $"member {i}:", new string('x', i)))];
        ZeroShotQuestion[] questions = SummaryQuestions.Ask(rows, 100, new Random(5));
        Assert.HasCount(100, questions);
        Assert.HasCount(100, questions.DistinctBy(question => question.Context));
        foreach (ZeroShotQuestion question in questions)
        {
            Assert.AreEqual($"member {question.Choices[question.Gold].Length}:", question.Context);
            Assert.HasCount(4, question.Choices.Distinct());
            Assert.IsTrue(question.Choices.All(choice => Math.Abs(choice.Length - question.Choices[question.Gold].Length) <= 40));
        }
        // The place of the right one does not give it away.
        Assert.IsTrue(questions.CountBy(question => question.Gold).All(place => place.Value is > 10 and < 45));
        Assert.Throws<InvalidOperationException>(() => SummaryQuestions.Ask(rows[..40], 1, new Random(5)), "too few rows");
    }
}
