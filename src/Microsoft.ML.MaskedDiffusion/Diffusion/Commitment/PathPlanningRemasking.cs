using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Commitment;

/// <summary>Keeps the best of chosen tokens and candidates.</summary>
internal sealed class PathPlanningRemasking : Remasking
{
    private readonly ITokenPlanner? _planner;
    private readonly double _weight;

    public PathPlanningRemasking(ITokenPlanner? planner, double weight)
        : base(planner is null ? NamedChoices<Remasking>.Join("PathPlanning", weight) : "PathPlanning with a planner")
    {
        OptionCheck.Require(weight > 0 && double.IsFinite(weight), nameof(weight), weight, "above 0 and finite");
        (_planner, _weight) = (planner, weight);
    }

    public override bool KeepsCounts => true;

    // What is kept competes with what could be chosen in its place.
    internal override bool UsesPredictions => true;

    // A planner may draw.
    internal override bool UsesDraws => _planner is not null;

    public override IReadOnlyList<int> Choose(RemaskingStep step)
    {
        if (step.MaskedCount == 0 || step.Committed.Count == 0)
            return [];
        int kept = step.Committed.Count + step.FilledCount;
        double[] ratings = [.. Ratings(step).Select(rating => _weight * rating)];
        double[] candidates = [.. step.Predictions.Select(prediction => prediction.Probability)];
        // The last rating that is kept; of equal ones chosen tokens stay.
        double last = ratings.Concat(candidates).OrderDescending().ElementAt(Math.Min(kept, ratings.Length + candidates.Length) - 1);
        return
        [
            .. Enumerable.Range(0, ratings.Length).Where(i => ratings[i] < last).OrderBy(i => ratings[i])
                .Take(step.MaskedCount - step.FilledCount).Select(i => step.Committed[i].Position),
        ];
    }

    private IReadOnlyList<double> Ratings(RemaskingStep step)
    {
        if (_planner is null)
            return [.. step.Committed.Select(token => token.Probability)];
        int[] tokens = [.. step.Tokens];
        foreach (TokenPrediction prediction in step.Predictions.Where(prediction => prediction.Token >= 0))
            tokens[prediction.Position] = prediction.Token;
        IReadOnlyList<double> ratings = _planner.Rate(tokens, [.. step.Committed.Select(token => token.Position)]);
        if (ratings is null || ratings.Count != step.Committed.Count || ratings.Any(rating => !double.IsFinite(rating)))
        {
            throw new InvalidOperationException(
                $"The planner {_planner.GetType()} must give a finite number for each of the {step.Committed.Count} positions asked for.");
        }
        return ratings;
    }
}
