namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What training does when its <see cref="CancellationToken"/> is cancelled.</summary>
public enum CancelBehavior
{
    /// <summary>
    /// Throws <see cref="OperationCanceledException"/>; what was learned is lost, unless <see cref="CheckpointOptions.Folder"/> keeps it.
    /// </summary>
    Throw,

    /// <summary>
    /// Stops after the last whole step and returns the model with the lowest validation loss so far, or, without a validation, the model as
    /// it stands. Cancelled before the first step is done there is no model, and <see cref="OperationCanceledException"/> is thrown all the
    /// same.
    /// </summary>
    ReturnBestSoFar,
}
