using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Infilling;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The rows that are asked about a gap, written out.</summary>
[TestClass]
public sealed class GapQuestionsTests
{
    private const int M = 9, End = 8, Start = 7;

    private static string[] Shown(MaskedRow[] rows) =>
        [.. rows.Select(row => $"{string.Concat(row.Tokens)} {row.Positions.Single()}={row.Targets.Single()}")];

    [TestMethod]
    public void TheTokensBehindAreRevealedFromTheGapOutwardsAndEndInTheEndOfTheText()
    {
        var row = new GapRow([1, 2, M, 3, 4], [2..3]);
        CollectionAssert.AreEqual(new[] { "129999 3=3", "129399 4=4", "129349 5=8" }, Shown(GapQuestions.Behind(row, 0, End, M)));
        CollectionAssert.AreEqual(new[] { "12999 3=3", "12939 4=4" }, Shown(GapQuestions.Behind(row, 0, null, M)));
        // A gap at the end is held to the end alone.
        CollectionAssert.AreEqual(new[] { "1999 3=8" }, Shown(GapQuestions.Behind(new GapRow([1, M, M], [1..3]), 0, End, M)));
    }

    [TestMethod]
    public void OfALongTextTheNextFourKnownTokensAreLookedAtAndTheRestIsSeen()
    {
        var row = new GapRow([M, 1, 2, M, M, 3, 4, 5], [0..1, 3..5]);
        CollectionAssert.AreEqual(new[] { "99999995 1=1", "91999995 2=2", "91299995 5=3", "91299395 6=4" },
            Shown(GapQuestions.Behind(row, 0, End, M)));
    }

    [TestMethod]
    public void TheTokensBeforeAreRevealedFromTheGapOutwardsButNotTheStart()
    {
        var row = new GapRow([Start, 1, M, 2, M, M, 3], [2..3, 4..6]);
        CollectionAssert.AreEqual(new[] { "7999993 3=2", "7992993 1=1" }, Shown(GapQuestions.Before(row, 1, 1, M)));
        Assert.IsEmpty(GapQuestions.Before(new GapRow([Start, M], [1..2]), 0, 1, M));
    }

    [TestMethod]
    public void ACandidateIsRevealedFromLeftToRightAndItsContextDoesNotSeeIt()
    {
        var row = new GapRow([1, 5, 6, 2], [1..3]);
        CollectionAssert.AreEqual(new[] { "1992 1=5", "1592 2=6" }, Shown(GapQuestions.Content(row, 0, M)));
        CollectionAssert.AreEqual(new[] { "1999 3=2" }, Shown(GapQuestions.Behind(row, 0, null, M)));
        CollectionAssert.AreEqual(new[] { "9992 0=1" }, Shown(GapQuestions.Before(row, 0, 0, M)));
    }
}
