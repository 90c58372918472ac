using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How masked positions are filled. Checked and copied by whatever takes it; later changes have no effect.</summary>
public sealed class SamplingOptions
{
    /// <summary>
    /// Network passes per row, 1 or more; a row with fewer masked tokens takes one pass for each. Every pass fixes an equal share of the
    /// row's masked tokens, the first passes one more where it doesn't divide. Fewer steps are faster and less accurate. Default null: one
    /// token a pass.
    /// </summary>
    public int? Steps { get; set; }

    /// <summary>
    /// 0 to 100: 0 (default) takes the most probable token, 1 draws from the model's distribution, others from softmax(logits /
    /// temperature).
    /// </summary>
    public double Temperature { get; set; }

    /// <summary>
    /// Strength w of classifier-free guidance, 0 to 1000: logits = unconditional + (1 + w) (conditional - unconditional), the unconditional
    /// ones with all that was given masked (Nie et al., 2024, eq. 5). Doubles the cost. Default 0: off.
    /// </summary>
    public double GuidanceScale { get; set; }

    /// <summary>Which positions go first. Default <see cref="SamplingOrder.Confidence"/>.</summary>
    public SamplingOrder Order { get; set; }

    /// <summary>Seed of all draws; used with a temperature above 0 or a random order. Default 0.</summary>
    public int Seed { get; set; }

    /// <summary>Tokens that go through the network at once, 1 or more. Changes memory and speed, not results. Default 8192.</summary>
    public int BatchTokens { get; set; } = 8192;

    internal SamplingOptions Clone()
    {
        OptionCheck.Require(Steps is null or >= 1, nameof(Steps), Steps, "at least 1, or null for one token a pass");
        OptionCheck.Require(Temperature is >= 0 and <= 100, nameof(Temperature), Temperature, "0 to 100; 0 takes the most probable token");
        OptionCheck.Require(GuidanceScale is >= 0 and <= 1000, nameof(GuidanceScale), GuidanceScale, "0 to 1000; 0 is off");
        OptionCheck.RequireDefined(Order, nameof(Order));
        OptionCheck.Require(BatchTokens >= 1, nameof(BatchTokens), BatchTokens, "at least 1 token");
        return (SamplingOptions)MemberwiseClone();
    }
}
