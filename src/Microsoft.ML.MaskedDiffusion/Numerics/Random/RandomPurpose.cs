namespace Microsoft.ML.MaskedDiffusion.Numerics.Random;

/// <summary>
/// What a random stream is for: two purposes never share draws. The numbers are part of what a seed means, so they never change.
/// </summary>
internal enum RandomPurpose : byte
{
    Initialization = 0,
    NoiseLevel = 1,
    Mask = 2,
    Shuffle = 3,
    Sampling = 4,
    SequenceLength = 5,
    Validation = 6,
    Likelihood = 7,
    GuidanceDropout = 8,
    Order = 9,

    // 10 was used by earlier versions.
    Example = 11,
    RevealOrder = 12,
    GapLength = 13,
    Search = 14,
    AttentionMask = 15,
}
