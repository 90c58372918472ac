using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// An order that is shown neither the token of a position nor a draw, so that it cannot look at the answer that is being scored.
/// </summary>
internal sealed class TokenBlindOrder(SamplingOrder order) : SamplingOrder(order.Name)
{
    public override bool UsesPredictions => order.UsesPredictions;

    public override double Priority(in TokenPrediction prediction)
    {
        double priority = order.Priority(TokenBlind.Without(prediction));
        return !double.IsNaN(priority) ? priority : throw new InvalidOperationException(
            $"The order '{Name}' gives a position the priority NaN where it sees neither the token drawn nor a draw, so its sampler has no "
            + "likelihood. Override UsesChosenToken or UsesDraws in it if it needs them, and give it a priority that is a number if not.");
    }
}

/// <summary>A rule for the tokens of a step that is shown neither the tokens nor the draws.</summary>
internal sealed class TokenBlindRule(TokensPerStep rule) : TokensPerStep(rule.Name)
{
    public override bool UsesPredictions => rule.UsesPredictions;

    public override int Count(in SamplingStep step)
    {
        var ranked = new TokenPrediction[step.MaskedCount];
        for (int i = 0; i < ranked.Length; i++)
            ranked[i] = TokenBlind.Without(step.Ranked[i]);
        return rule.Count(new SamplingStep
        {
            Step = step.Step,
            Steps = step.Steps,
            InitialCount = step.InitialCount,
            Ranked = ranked,
        });
    }
}

/// <summary>Hides what a likelihood's rules may not see.</summary>
internal static class TokenBlind
{
    /// <summary>A prediction without the token, its probability and the draw.</summary>
    public static TokenPrediction Without(in TokenPrediction prediction) => prediction with
    {
        Token = -1,
        Probability = double.NaN,
        Draw = double.NaN,
        LogProbability = double.NaN,
    };
}

/// <summary>The draws of a row that has none.</summary>
internal sealed class NoDraws : ISamplingDraws
{
    public static NoDraws Instance { get; } = new();

    public double OfPosition(int step, int position) => double.NaN;

    public void OfTokens(int step, int position, Span<double> destination) => destination.Fill(double.NaN);
}
