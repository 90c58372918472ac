using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Commitment;

/// <summary>
/// ReMDM: a visible token is masked again with probability sigma, at most min(1, (1 - alpha_s) / alpha_t) from noise level t to s. With
/// alpha the visible share, that is the tokens masked after the step over those visible before it.
/// </summary>
internal abstract class ReMdmRemasking(string name) : Remasking(name)
{
    public override bool KeepsCounts => true;

    public override IReadOnlyList<int> Choose(RemaskingStep step)
    {
        int maskedAfter = step.MaskedCount - step.FilledCount;
        if (step.Committed.Count == 0 || maskedAfter <= 0)
            return [];
        double largest = Math.Min(1, (double)maskedAfter / step.Committed.Count);
        double[] probabilities = Probabilities(step, largest);
        // More than the schedule leaves masked cannot be masked again: of too many, those with the smallest draws are.
        return
        [
            .. Enumerable.Range(0, step.Committed.Count)
                .Where(i => step.Committed[i].Draw < probabilities[i])
                .OrderBy(i => step.Committed[i].Draw / probabilities[i])
                .Take(maskedAfter)
                .Select(i => step.Committed[i].Position),
        ];
    }

    protected static double[] Same(RemaskingStep step, double probability)
    {
        var probabilities = new double[step.Committed.Count];
        Array.Fill(probabilities, probability);
        return probabilities;
    }

    /// <summary>Refuses a probability or factor that is not above 0 and at most 1.</summary>
    protected static double RequirePart(double value, string name)
    {
        OptionCheck.Require(value is > 0 and <= 1, name, value, "above 0 and at most 1");
        return value;
    }

    /// <summary>For each chosen token the probability to be masked again, given the largest one allowed.</summary>
    protected abstract double[] Probabilities(RemaskingStep step, double largest);
}

/// <summary>sigma = min(probability, largest).</summary>
internal sealed class CapRemasking(double probability) : ReMdmRemasking(NamedChoices<Remasking>.Join("Cap", probability))
{
    private readonly double _probability = RequirePart(probability, nameof(probability));

    protected override double[] Probabilities(RemaskingStep step, double largest) => Same(step, Math.Min(_probability, largest));
}

/// <summary>sigma = factor * largest.</summary>
internal sealed class RescaleRemasking(double factor) : ReMdmRemasking(NamedChoices<Remasking>.Join("Rescale", factor))
{
    private readonly double _factor = RequirePart(factor, nameof(factor));

    protected override double[] Probabilities(RemaskingStep step, double largest) => Same(step, _factor * largest);
}

/// <summary>sigma_i = softmax(-probability)_i * largest over the chosen tokens.</summary>
internal sealed class LeastConfidentRemasking() : ReMdmRemasking("LeastConfident")
{
    protected override double[] Probabilities(RemaskingStep step, double largest)
    {
        double[] weights = [.. step.Committed.Select(token => Math.Exp(-token.Probability))];
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum * largest)];
    }
}

/// <summary>sigma = probability while the visible share is kept, otherwise 0.</summary>
internal sealed class LoopRemasking : ReMdmRemasking
{
    private readonly double _probability, _visibleShare;
    private readonly int _steps;

    public LoopRemasking(double probability, double visibleShare, int steps)
        : base(NamedChoices<Remasking>.Join("Loop", probability, visibleShare, steps))
    {
        _probability = RequirePart(probability, nameof(probability));
        OptionCheck.Require(visibleShare is > 0 and < 1, nameof(visibleShare), visibleShare, "above 0 and below 1");
        OptionCheck.RequireCount(steps, nameof(steps));
        (_visibleShare, _steps) = (visibleShare, steps);
    }

    public override bool Holds(RemaskingStep step) =>
        step.MaskedCount > 0 && step.HeldSteps < _steps && step.Committed.Count >= _visibleShare * step.BlockCount;

    protected override double[] Probabilities(RemaskingStep step, double largest) =>
        Same(step, Holds(step) ? Math.Min(_probability, largest) : 0);
}
