namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What a training run is busy with.</summary>
public enum TrainingPhase
{
    /// <summary>Learning a tokenizer from the corpus.</summary>
    TrainingTokenizer,

    /// <summary>Turning the corpus into token ids.</summary>
    Tokenizing,

    /// <summary>Cutting the token ids into blocks.</summary>
    Packing,

    /// <summary>Taking optimizer steps.</summary>
    Training,

    /// <summary>Measuring the loss on the validation set.</summary>
    Validating,
}
