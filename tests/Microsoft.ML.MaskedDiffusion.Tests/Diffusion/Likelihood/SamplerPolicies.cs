using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Samplers whose likelihood is known, and an order and a rule of a user's own.</summary>
internal static class SamplerPolicies
{
    public static SamplingOrder[] Orders { get; } =
        [SamplingOrder.TopProbability, SamplingOrder.Margin, SamplingOrder.Entropy, SamplingOrder.LeftToRight, new OutsideIn()];

    public static (TokensPerStep Rule, int? Steps)[] Rules { get; } =
    [
        (TokensPerStep.EqualShares, null), (TokensPerStep.EqualShares, 2), (TokensPerStep.Fixed(2), null), (TokensPerStep.Linear, 2),
        (TokensPerStep.Cosine, 3), (TokensPerStep.TimeLinear(), 3), (TokensPerStep.Threshold(0.4), null), (TokensPerStep.Factor(1), null),
        (TokensPerStep.EntropyBound(1), null), (new OddThenEven(), null),
    ];

    /// <summary>Every order with every rule, in one piece and in blocks of two.</summary>
    public static IEnumerable<SamplingOptions> All =>
        from order in Orders
        from rule in Rules
        from block in new int?[] { null, 2 }
        select Options(order, rule.Rule, rule.Steps, block);

    public static SamplingOptions Options(SamplingOrder order, TokensPerStep rule, int? steps = null, int? block = null) =>
        new() { Order = order, TokensPerStep = rule, Steps = steps, BlockLength = block, Temperature = 1 };

    public static LikelihoodEstimate[] Score(
        ToyEvaluator model, SamplingOptions policy, IEnumerable<LikelihoodRequest> requests, double guidance = 0)
    {
        LikelihoodOptions options = new() { Method = LikelihoodMethod.Sampler(policy), GuidanceScale = guidance };
        return new MaskedDiffusionScorer(model, options).Score([.. requests]);
    }

    /// <summary>Odd positions first, of them those with the lower entropy.</summary>
    private sealed class OutsideIn() : SamplingOrder("OutsideIn")
    {
        public override double Priority(in TokenPrediction prediction) => prediction.Position % 2 * 100 - prediction.Entropy;
    }

    /// <summary>Two tokens where the first one is probable, else one.</summary>
    private sealed class OddThenEven() : TokensPerStep("OddThenEven")
    {
        public override bool UsesPredictions => true;

        public override int Count(in SamplingStep step) => step.Ranked[0].SecondProbability < 0.2 ? 2 : 1;
    }
}
