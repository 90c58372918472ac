using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Counts;

/// <summary>Equal shares, the first ones larger by one.</summary>
internal sealed class EqualSharesRule() : TokensPerStep("EqualShares")
{
    public override int Count(in SamplingStep step)
    {
        int steps = Math.Min(step.Steps, step.InitialCount);
        if (step.Step >= steps - 1)
            return step.MaskedCount;
        return step.InitialCount / steps + (step.Step < step.InitialCount % steps ? 1 : 0);
    }
}

/// <summary>The same number in every step.</summary>
internal sealed class FixedRule : TokensPerStep
{
    private readonly int _count;

    public FixedRule(int count) : base(NamedChoices<TokensPerStep>.Join("Fixed", count))
    {
        OptionCheck.RequireCount(count, nameof(count));
        _count = count;
    }

    public override int Count(in SamplingStep step) => _count;
}

/// <summary>The whole number below the expected number.</summary>
internal sealed class TimeLinearRule : TokensPerStep
{
    private readonly double _epsilon;

    public TimeLinearRule(double epsilon) : base(NamedChoices<TokensPerStep>.Join("TimeLinear", epsilon)) =>
        _epsilon = RequireEpsilon(epsilon);

    public override int Count(in SamplingStep step) => (int)(step.MaskedCount * step.UnmaskedShare(_epsilon));

    public static double RequireEpsilon(double epsilon)
    {
        OptionCheck.Require(epsilon is > 0 and < 1, "epsilon", epsilon, "above 0 and below 1, such as 0.00001");
        return epsilon;
    }
}

/// <summary>The positions whose draws are below the share.</summary>
internal sealed class AncestralRule : TokensPerStep
{
    private readonly double _epsilon;

    public AncestralRule(double epsilon) : base(NamedChoices<TokensPerStep>.Join("Ancestral", epsilon)) =>
        _epsilon = TimeLinearRule.RequireEpsilon(epsilon);

    public override bool UsesDraws => true;

    public override int Count(in SamplingStep step)
    {
        float share = step.UnmaskedShare(_epsilon);
        int count = 0;
        foreach (TokenPrediction prediction in step.Ranked)
            count += prediction.Draw < share ? 1 : 0;
        return count;
    }
}

/// <summary>
/// With the share a(t) of visible tokens at noise level t: round(left * (1 - (1 - a(s)) / (1 - a(t)))) from level t to level s, half to
/// even; a step without tokens is left out.
/// </summary>
internal sealed class NoiseScheduleRule(string name, Func<float, float> visible) : TokensPerStep(name)
{
    public override int Count(in SamplingStep step)
    {
        int left = step.InitialCount, number = 0;
        for (int j = step.Steps; j > 0; j--)
        {
            float kept = (1 - visible((j - 1f) / step.Steps)) / (1 - visible((float)j / step.Steps));
            int count = Math.Min(left, (int)Math.Round(left * (1 - (double)kept), MidpointRounding.ToEven));
            left -= count;
            if (count > 0 && number++ == step.Step)
                return count;
        }
        return step.MaskedCount;
    }
}
