namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Path planning with a planner of one's own.</summary>
[TestClass]
public sealed class PathPlanningRemaskingTests
{
    private const int Mask = 99;

    [TestMethod]
    public void WhatThePlannerRatesBelowTheCandidatesIsMaskedAgain()
    {
        var planner = new Planner([0.8, 0.1, 0.6]);
        Remasking rule = Remasking.PathPlanning(planner);
        // Three tokens are chosen and one is to be filled, so that four of the five ratings and candidates stay: all but the 0.1.
        CollectionAssert.AreEqual(new[] { 1 }, rule.Choose(Step()).ToArray());
        // The planner sees the candidates where the row is masked.
        CollectionAssert.AreEqual(new[] { 10, 11, 12, 23, 24 }, planner.Tokens.ToArray());
        CollectionAssert.AreEqual(new[] { 0, 1, 2 }, planner.Positions.ToArray());
        // With halved ratings it is 0.4, 0.05, 0.3, 0.5, 0.4: still the 0.05 alone goes.
        CollectionAssert.AreEqual(new[] { 1 }, Remasking.PathPlanning(planner, weight: 0.5).Choose(Step()).ToArray());
        // All ratings are above the candidates: nothing is masked again.
        Assert.IsEmpty(Remasking.PathPlanning(new Planner([0.8, 0.7, 0.6])).Choose(Step()));
    }

    [TestMethod]
    public void APlannerThatGivesNoNumbersIsAnError()
    {
        foreach (double[] ratings in new[] { [0.5, 0.5], new[] { 0.5, double.NaN, 0.5 } })
        {
            var error = Assert.ThrowsExactly<InvalidOperationException>(
                () => Remasking.PathPlanning(new Planner(ratings)).Choose(Step()));
            StringAssert.Contains(error.Message, "must give a finite number for each of the 3 positions asked for.");
        }
    }

    private static RemaskingStep Step() => new()
    {
        Step = 3,
        BlockCount = 5,
        MaskedCount = 2,
        FilledCount = 1,
        Round = 0,
        HeldSteps = 0,
        Committed = [.. Enumerable.Range(0, 3).Select(i => new CommittedToken(i, 10 + i, 0.9, i, 0, double.NaN, 0.5))],
        Tokens = [10, 11, 12, Mask, Mask],
        Predictions = [Prediction(3, 23, 0.5), Prediction(4, 24, 0.4)],
    };

    private static TokenPrediction Prediction(int position, int token, double probability) =>
        new(position, token, probability, probability, 0.1, 1, 0.5);

    private sealed class Planner(double[] ratings) : ITokenPlanner
    {
        public IReadOnlyList<int> Tokens { get; private set; } = [];

        public IReadOnlyList<int> Positions { get; private set; } = [];

        public IReadOnlyList<double> Rate(IReadOnlyList<int> tokens, IReadOnlyList<int> positions)
        {
            (Tokens, Positions) = (tokens, positions);
            return ratings;
        }
    }
}
