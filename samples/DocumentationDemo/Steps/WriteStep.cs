using ConsoleView;
using DocumentationDemo.Corpus;
using Microsoft.ML.MaskedDiffusion;

namespace DocumentationDemo.Steps;

/// <summary>
/// Writes on after the beginnings of held-out rows: one text while it is watched, and the same and two more at once, without a data view.
/// </summary>
/// <param name="Rows">The beginnings and what was written after them.</param>
internal sealed record WriteStep(IReadOnlyList<(string Prompt, GeneratedText Text)> Rows)
{
    private const int PromptWords = 5;

    // Two blocks, a token a step, the most confident first, and a token may be masked again.
    private static readonly GenerationOptions Options = new()
    {
        MaxNewTokens = 40,
        MinNewTokens = 12,
        Sampling = new SamplingOptions
        {
            Order = SamplingOrder.Confidence, Temperature = 0.7, TopP = 0.9, Steps = 40, BlockLength = 20, Remasking = Remasking.Cap(0.05),
        },
    };

    public static async Task<WriteStep> RunAsync(
        MaskedDiffusionModel model, IReadOnlyList<CorpusRow> rows, string tracePath, CancellationToken cancellationToken)
    {
        string[] prompts = [.. rows.Select(row => row.Text.Split(' ')).Where(words => words.Length >= 2 * PromptWords)
            .Select(words => string.Join(' ', words.Take(PromptWords)) + " ").Take(3)];
        if (prompts.Length == 0)
        {
            throw new InvalidDataException(
                $"Writing on needs held-out rows of at least {2 * PromptWords} words, and there are none. Use a text with longer lines.");
        }
        var generator = new TextGenerator(model, Options);
        var trace = new GenerationTrace(prompts[0], "A text, written by the model");
        IAsyncEnumerable<GenerationState> states = generator.StreamAsync(prompts[0], cancellationToken);
        await new ConsoleGenerationView().ShowAsync(trace.Record(states, cancellationToken), prompts[0], cancellationToken);
        trace.SaveHtml(tracePath);
        GeneratedText[] texts = await generator.GenerateAsync(prompts, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return new WriteStep([.. prompts.Zip(texts)]);
    }
}
