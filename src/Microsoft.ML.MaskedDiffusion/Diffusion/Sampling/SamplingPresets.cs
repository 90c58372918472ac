namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Samplers by their published names. Each property makes new options, which you may change before you hand them over.
/// </summary>
/// <remarks>Safe for several threads.</remarks>
public static class SamplingPresets
{
    /// <summary>
    /// SMDM's ancestral sampler ("origin", its MT-Bench setting): random order, each masked token filled with probability
    /// 1 - t[i+1] / t[i] in each of 128 steps, temperature 1.
    /// </summary>
    public static SamplingOptions Smdm => new()
    {
        Order = SamplingOrder.Random,
        TokensPerStep = TokensPerStep.Ancestral(),
        Steps = 128,
        Temperature = 1,
    };

    /// <summary>
    /// SMDM's most-confident-first sampler ("greddy", its setting for mathematical questions without the guidance): 256 steps, temperature
    /// 0.1. Set <see cref="SamplingOptions.SharesStepsAmongRows"/> to let the rows of a batch share the steps as they do there.
    /// </summary>
    public static SamplingOptions SmdmGreedy => new()
    {
        Order = SamplingOrder.Confidence,
        TokensPerStep = TokensPerStep.TimeLinear(),
        Steps = 256,
        Temperature = 0.1,
    };

    /// <summary>
    /// LLaDA's (generate.py of its repository, with its defaults): the most confident first, equal shares of 128 steps, blocks of 32,
    /// temperature 0.
    /// </summary>
    public static SamplingOptions LLaDA => new()
    {
        Order = SamplingOrder.Confidence,
        TokensPerStep = TokensPerStep.EqualShares,
        Steps = 128,
        BlockLength = 32,
    };

    /// <summary>
    /// dLLM's, for its A2D and ModernBERT models: the most confident first, rounded shares of 128 steps, blocks of 32, temperature 0. It is
    /// <see cref="LLaDA"/> but for <see cref="TokensPerStep.Linear"/>.
    /// </summary>
    public static SamplingOptions DLLM => new()
    {
        Order = SamplingOrder.Confidence,
        TokensPerStep = TokensPerStep.Linear,
        Steps = 128,
        BlockLength = 32,
    };

    /// <summary>
    /// Dream's ("entropy", as its model card has it): the lowest entropy first, temperature 0.2, nucleus of 0.95, 512 steps.
    /// </summary>
    public static SamplingOptions Dream => new()
    {
        Order = SamplingOrder.Entropy,
        TokensPerStep = TokensPerStep.TimeLinear(1e-3),
        Steps = 512,
        Temperature = 0.2,
        TopP = 0.95,
        OrderSeesKeptTokens = true,
    };

    /// <summary>
    /// Fast-dLLM's: all tokens with a probability of at least 0.9, in blocks of 32, temperature 0. Its caches are
    /// <see cref="SamplingCache.Prefix"/> and <see cref="SamplingCache.Dual"/>, which <see cref="SamplingOptions.Cache"/> takes; here none
    /// is set.
    /// </summary>
    public static SamplingOptions FastDLLM => new()
    {
        Order = SamplingOrder.Confidence,
        TokensPerStep = TokensPerStep.Threshold(0.9),
        BlockLength = 32,
    };

    /// <summary>
    /// ReMDM's with a cap: the ancestral sampler, and tokens are masked again with probability 0.05 a step; a nucleus of 0.9. Made
    /// for many steps (Wang et al., 2025).
    /// </summary>
    public static SamplingOptions ReMDM => new()
    {
        Order = SamplingOrder.Random,
        TokensPerStep = TokensPerStep.Ancestral(),
        Remasking = Remasking.Cap(0.05),
        Steps = 256,
        Temperature = 1,
        TopP = 0.9,
    };

    /// <summary>
    /// The EB-Sampler's: as many tokens of the lowest entropy as keep the entropy bound of 0.1 nats, temperature 1.
    /// </summary>
    public static SamplingOptions EntropyBound => new()
    {
        Order = SamplingOrder.Entropy,
        TokensPerStep = TokensPerStep.EntropyBound(0.1),
        Temperature = 1,
    };
}
