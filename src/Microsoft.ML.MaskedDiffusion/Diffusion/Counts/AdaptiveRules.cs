using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Counts;

/// <summary>Tokens that are probable enough.</summary>
internal sealed class ThresholdRule : TokensPerStep
{
    private readonly double _probability;

    public ThresholdRule(double probability) : base(NamedChoices<TokensPerStep>.Join("Threshold", probability))
    {
        OptionCheck.RequireShare(probability, nameof(probability));
        _probability = probability;
    }

    public override bool UsesPredictions => true;

    public override int Count(in SamplingStep step)
    {
        int count = 0;
        while (count < step.MaskedCount && step.Ranked[count].TopProbability >= _probability)
            count++;
        return Math.Max(1, count);
    }
}

/// <summary>Tokens that are the more probable, the more of them are filled at once.</summary>
internal sealed class FactorRule : TokensPerStep
{
    private readonly double _factor;

    public FactorRule(double factor) : base(NamedChoices<TokensPerStep>.Join("Factor", factor))
    {
        OptionCheck.Require(factor > 0 && double.IsFinite(factor), nameof(factor), factor, "above 0 and finite");
        _factor = factor;
    }

    public override bool UsesPredictions => true;

    public override int Count(in SamplingStep step)
    {
        int last = step.MaskedCount - 1, failed = Math.Min(1, last);
        while (failed < last && step.Ranked[failed].TopProbability >= 1 - _factor / (failed + 2))
            failed++;
        return failed == last ? last + 1 : failed;
    }
}

/// <summary>Tokens that tell little about each other.</summary>
internal sealed class EntropyBoundRule : TokensPerStep
{
    private readonly double _bound;

    public EntropyBoundRule(double bound) : base(NamedChoices<TokensPerStep>.Join("EntropyBound", bound))
    {
        OptionCheck.Require(bound >= 0 && double.IsFinite(bound), nameof(bound), bound, "0 or more nats and finite");
        _bound = bound;
    }

    public override bool UsesPredictions => true;

    public override int Count(in SamplingStep step)
    {
        double sum = 0, largest = 0;
        int count = 0;
        foreach (TokenPrediction prediction in step.Ranked)
        {
            sum += prediction.Entropy;
            largest = Math.Max(largest, prediction.Entropy);
            if (count > 0 && sum - largest > _bound)
                break;
            count++;
        }
        return count;
    }
}
