namespace Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

/// <summary>
/// Numbers the arithmetic that leads from settings, network and data to weights. A checkpoint of another number is not resumed, since the
/// rest of the run would not continue what was begun; everything else in the library may change without a checkpoint noticing.
/// </summary>
internal static class TrainingArithmetic
{
    /// <summary>
    /// Raise by one with any change that gives a run other bits on the same machine: a kernel's operations or their order, random streams
    /// and what is drawn from them, order and packing of blocks, objective, clipping, optimizer, schedule, averaging, initialisation.
    /// </summary>
    public const int Version = 1;
}
