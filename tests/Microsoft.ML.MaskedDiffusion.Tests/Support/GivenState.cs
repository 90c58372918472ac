namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>States of texts as a generator gives them, made by hand.</summary>
internal static class GivenState
{
    /// <summary>A state of tokens, "_" for a masked one, which the step has changed at some positions.</summary>
    public static GenerationState Of(string text, string[] tokens, params int[] changed) => new()
    {
        Step = 0, Text = text, Changed = changed, Tokens = [.. tokens.Select(token => token == "_" ? Masked() : Token(token))],
    };

    /// <summary>The last state of a text.</summary>
    public static GenerationState Done(string text, string[] tokens, params int[] changed)
    {
        GenerationState state = Of(text, tokens, changed);
        return state with
        {
            Result = new GeneratedText
            {
                Text = text,
                FinishReason = FinishReason.Length,
                Tokens = state.Tokens,
                LogProbability = state.Tokens.Sum(token => Math.Log(token.Probability)),
                PromptTokenCount = 3,
                StepCount = tokens.Length,
                NetworkRowCount = tokens.Length,
            },
        };
    }

    /// <summary>A masked position.</summary>
    public static GeneratedToken Masked(int timesMasked = 0) => new(-1, "", double.NaN, -1, timesMasked);

    /// <summary>A token.</summary>
    public static GeneratedToken Token(string text, double probability = 0.5, int step = 0) => new(text.Length, text, probability, step, 0);
}
