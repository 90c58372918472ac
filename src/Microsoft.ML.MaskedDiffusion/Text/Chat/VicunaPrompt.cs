namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// FastChat's vicuna_v1.1 template, with which SMDM's conversation models are trained and used. <see cref="ChatTemplate.Vicuna"/> has it
/// for conversations of several turns.
/// </summary>
public static class VicunaPrompt
{
    internal const string System = "A chat between a curious user and an artificial intelligence assistant. " +
        "The assistant gives helpful, detailed, and polite answers to the user's questions.";

    /// <summary>The prompt of a one-turn conversation; the model's reply follows it.</summary>
    /// <param name="message">The message of the user.</param>
    public static string Of(string message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return $"{System} USER: {message} ASSISTANT:";
    }
}
