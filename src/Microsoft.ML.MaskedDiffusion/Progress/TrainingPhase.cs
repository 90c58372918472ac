namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What a training run is busy with, in this order. A phase that a run does not need is left out.</summary>
public enum TrainingPhase
{
    /// <summary>Reading the corpus once and learning a tokenizer from it.</summary>
    TrainingTokenizer,

    /// <summary>Turning the corpus into token ids.</summary>
    Tokenizing,

    /// <summary>The token ids are complete and are cut into blocks.</summary>
    Packing,

    /// <summary>Taking optimizer steps.</summary>
    Training,

    /// <summary>Measuring the loss on the validation set, in between optimizer steps.</summary>
    Validating,
}
