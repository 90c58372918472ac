using Microsoft.ML.MaskedDiffusion;

namespace Reproduce.Experiments.Common;

/// <summary>Writes texts whose length depends on that of their prompts, as the published scripts do.</summary>
internal static class LimitedTexts
{
    /// <summary>A text after each prompt. Prompts that leave room for equally many tokens are answered together.</summary>
    /// <param name="model">The model that writes.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="room">How many tokens may follow a prompt of so many tokens; 0 and less for none.</param>
    /// <param name="options">How as many tokens are written.</param>
    /// <returns>As many as there are prompts; null where there is no room.</returns>
    public static GeneratedText?[] Write(
        MaskedDiffusionModel model, IReadOnlyList<string> prompts, Func<int, int> room, Func<int, GenerationOptions> options)
    {
        var counter = new TextGenerator(model);
        var texts = new GeneratedText?[prompts.Count];
        foreach (IGrouping<int, int> group in Enumerable.Range(0, prompts.Count)
            .GroupBy(i => room(counter.CountPromptTokens(prompts[i]))).Where(group => group.Key > 0))
        {
            GeneratedText[] written = new TextGenerator(model, options(group.Key)).Generate([.. group.Select(i => prompts[i])]);
            foreach ((int i, GeneratedText text) in group.Zip(written))
                texts[i] = text;
        }
        return texts;
    }
}
