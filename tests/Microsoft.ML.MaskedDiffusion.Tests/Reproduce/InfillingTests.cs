using Reproduce.Experiments.Infilling;
using Reproduce.Results;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>How gaps are cut, how rows are rearranged, and what answers say.</summary>
[TestClass]
public sealed class InfillingTests
{
    [TestMethod]
    public void AGapHasItsWordsAndTheRestIsTheText()
    {
        var random = new Random(1);
        const string Text = "one two three four five six";
        var seen = new HashSet<string>();
        for (int i = 0; i < 100; i++)
        {
            GappedRow row = GappedRow.Cut(Text, length: 2, margin: 1, random);
            Assert.AreEqual(Text, row.Left + row.Middle + row.Right);
            seen.Add(row.Middle);
        }
        CollectionAssert.AreEquivalent(new[] { " two three", " three four", " four five" }, seen.ToArray());
        Assert.AreEqual(new GappedRow("a", " b", " c"), GappedRow.Cut("a b c", length: 1, margin: 1, random));
    }

    [TestMethod]
    public void AMiddleAnywhereHasEachPairOfBordersEquallyOften()
    {
        var random = new Random(2);
        const int Draws = 6000;
        var counts = new Dictionary<string, int>();
        for (int i = 0; i < Draws; i++)
        {
            string middle = GappedRow.CutAnywhere("a b c d e", random).Middle;
            counts[middle] = counts.GetValueOrDefault(middle) + 1;
        }
        CollectionAssert.AreEquivalent(new[] { " b", " c", " d", " b c", " c d", " b c d" }, counts.Keys.ToArray());
        // Five standard deviations of a count of 6,000 draws at a sixth.
        double deviation = Math.Sqrt(Draws * (1 / 6.0) * (5 / 6.0));
        foreach ((string middle, int count) in counts)
            Assert.AreEqual(Draws / 6.0, count, 5 * deviation, middle);
    }

    [TestMethod]
    public void ARearrangedRowHasTheMiddleLast()
    {
        var row = new GappedRow("The cat", " sat", " on the mat.");
        Assert.AreEqual("\u0001 on the mat.\u0002The cat\u0003 sat", MiddleLast.Row(row));
        Assert.AreEqual(MiddleLast.Row(row), MiddleLast.Prompt(row) + row.Middle);
        Assert.IsTrue(MiddleLast.IsPossible("The cat sat."));
        Assert.IsFalse(MiddleLast.IsPossible("The \u0002 sat."));
    }

    [TestMethod]
    public void AnAnswerIsRestoredToTheLastCharacterOrNot()
    {
        var row = new GappedRow("The cat", " sat", " on the mat.");
        Question[] questions = [new(row, 1), new(row, 1), new(row, 1), new(row, 1)];
        Filling[] fillings = [new(" sat", 1), new("sat", 1), new(" sat down", 2), new(null, 9)];
        Answers answers = Answers.Of(Filler.MiddleLast, 1, isLengthKnown: false, questions, fillings);
        CollectionAssert.AreEqual(new[] { true, false, false, false }, answers.Restored);
        CollectionAssert.AreEqual(new[] { true, true, false, false }, answers.HasLength);
        Answers none = answers with { Restored = [false, false, true, false] };
        // One more, one less and two alike: 1, 0, -1 and 0.
        Interval difference = answers.Difference(none);
        Assert.AreEqual(0, difference.Value, 1e-12);
        Assert.AreEqual(1.959964 * Math.Sqrt(2 / 3.0 / 4), difference.High, 1e-6);
        Assert.AreEqual(Interval.OfMean([1, 0, -1, 0]), difference);
    }

    [TestMethod]
    public void ADifferenceHoldsWhereAllItsIntervalsAreAboveZero()
    {
        var above = new Interval(0.2, 0.1, 0.3);
        var around = new Interval(0, -0.1, 0.1);
        var below = new Interval(-0.2, -0.3, -0.1);
        Assert.AreEqual(Verdict.Holds, InfillingResults.Judge([above, above]));
        Assert.AreEqual(Verdict.HoldsInPart, InfillingResults.Judge([above, around]));
        Assert.AreEqual(Verdict.DoesNotHold, InfillingResults.Judge([around, below]));
        Assert.AreEqual(Verdict.CannotBeTold, InfillingResults.Judge([around, around]));
    }
}
