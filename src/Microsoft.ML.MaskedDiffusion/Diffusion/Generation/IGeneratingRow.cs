namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

/// <summary>A text being written, whatever kind of model writes it.</summary>
internal interface IGeneratingRow : IDisposable
{
    /// <summary>Whether the writing has ended.</summary>
    bool IsDone { get; }

    /// <summary>Tokens written so far.</summary>
    int WrittenCount { get; }

    /// <summary>The state after the last step.</summary>
    GenerationState State(bool isCancelled = false);

    /// <summary>What was written; where the writing has not ended, as cancelled.</summary>
    GeneratedText Result();
}
