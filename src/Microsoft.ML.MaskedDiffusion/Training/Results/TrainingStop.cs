namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Why a training ended.</summary>
public enum TrainingStop
{
    /// <summary>Its budget was used up.</summary>
    Completed,

    /// <summary>The validation loss had not improved for as many validations as the patience allows.</summary>
    EarlyStopping,

    /// <summary>It was cancelled and asked to return the best model so far.</summary>
    Cancelled,

    /// <summary>A search stopped it at a share of its budget, from where it may go on.</summary>
    Paused,
}
