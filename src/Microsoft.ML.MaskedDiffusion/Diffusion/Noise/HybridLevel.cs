namespace Microsoft.ML.MaskedDiffusion.Diffusion.Noise;

/// <summary>The hybrid noise of one sequence: what a token becomes at a time t, and what positions weigh there.</summary>
/// <param name="Time">The time t, above 0 and below 1.</param>
/// <param name="Rest">1 - t, which would lose its digits near 1.</param>
/// <param name="Scale">By what the integrand over t is to be multiplied for the way in which t was drawn.</param>
/// <param name="Factor">The factor B of the uniform noise, 2 p_u / (1 - p_u).</param>
/// <param name="TokenCount">How many tokens the uniform noise draws from.</param>
internal readonly record struct HybridLevel(double Time, double Rest, double Scale, double Factor, int TokenCount)
{
    /// <summary>The probability that a token becomes the mask token, t / C.</summary>
    public double MaskProbability => Time / Norm;

    /// <summary>The probability that a token becomes one that is drawn uniformly, itself among them: c / C.</summary>
    public double UniformProbability => Uniform / Norm;

    /// <summary>The probability that a token is left alone, alpha = (1 - t) / C.</summary>
    public double KeptProbability => Rest / Norm;

    /// <summary>What is left of a token over the uniform noise of each token, (1 - t) N / c.</summary>
    public double Ratio => Rest * TokenCount / Uniform;

    /// <summary>The bound's weight of a mask token, 1 / (t (1 - t)).</summary>
    public double MaskWeight => 1 / (Time * Rest);

    /// <summary>The bound's weight of a wrong token, half as much.</summary>
    public double WrongWeight => 0.5 / (Time * Rest);

    /// <summary>The bound's weight of a right token.</summary>
    public double RightWeight => Factor / (2 * TokenCount * Math.Sqrt(Time * Rest)) / (Rest + Uniform / TokenCount);

    // c = B sqrt(t (1 - t)), and C = 1 + c.
    private double Uniform => Factor * Math.Sqrt(Time * Rest);

    private double Norm => 1 + Uniform;
}
