namespace Microsoft.ML.MaskedDiffusion.Diffusion.Orders;

/// <summary>The chosen token's probability.</summary>
internal sealed class ConfidenceOrder() : SamplingOrder("Confidence")
{
    public override bool UsesChosenToken => true;

    public override double Priority(in TokenPrediction prediction) => prediction.Probability;
}

/// <summary>The most probable token's probability.</summary>
internal sealed class TopProbabilityOrder() : SamplingOrder("TopProbability")
{
    public override double Priority(in TokenPrediction prediction) => prediction.TopProbability;
}

/// <summary>The distance of the two most probable tokens.</summary>
internal sealed class MarginOrder() : SamplingOrder("Margin")
{
    public override double Priority(in TokenPrediction prediction) => prediction.TopProbability - prediction.SecondProbability;
}

/// <summary>Minus the entropy.</summary>
internal sealed class EntropyOrder() : SamplingOrder("Entropy")
{
    public override double Priority(in TokenPrediction prediction) => -prediction.Entropy;
}

/// <summary>The smallest draw first, so that a rule that compares draws with a number takes the first ones.</summary>
internal sealed class RandomOrder() : SamplingOrder("Random")
{
    public override bool UsesPredictions => false;

    public override bool UsesDraws => true;

    public override double Priority(in TokenPrediction prediction) => -prediction.Draw;
}

/// <summary>Minus the position.</summary>
internal sealed class LeftToRightOrder() : SamplingOrder("LeftToRight")
{
    public override bool UsesPredictions => false;

    public override double Priority(in TokenPrediction prediction) => -prediction.Position;
}
