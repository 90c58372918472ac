namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

/// <summary>The place of a prompt that cannot be used.</summary>
internal sealed class InvalidRow(int promptTokenCount) : IGeneratingRow
{
    public bool IsDone => true;

    public int WrittenCount => 0;

    public GenerationState State(bool isCancelled = false) => new() { Step = 0, Tokens = [], Changed = [], Text = "", Result = Result() };

    public GeneratedText Result() => new()
    {
        Text = "",
        FinishReason = FinishReason.InvalidPrompt,
        Tokens = [],
        LogProbability = double.NaN,
        PromptTokenCount = promptTokenCount,
        StepCount = 0,
        NetworkRowCount = 0,
    };

    public void Dispose()
    {
        // Nothing is kept between steps.
    }
}
