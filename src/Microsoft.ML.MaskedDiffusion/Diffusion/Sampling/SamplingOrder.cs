namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Which masked positions of a row are filled first.</summary>
public enum SamplingOrder
{
    /// <summary>Those whose chosen token has the highest probability (SMDM's "greddy", LLaDA's low-confidence remasking).</summary>
    Confidence,

    /// <summary>
    /// Those whose most probable token is furthest ahead of the second (Kim et al., "Train for the Worst, Plan for the Best", 2025).
    /// </summary>
    Margin,

    /// <summary>Those whose predicted distribution has the lowest entropy.</summary>
    Entropy,

    /// <summary>
    /// A random order: the ancestral sampler of masked diffusion (SMDM's "origin") with the number of tokens of each step fixed.
    /// </summary>
    Random,
}
