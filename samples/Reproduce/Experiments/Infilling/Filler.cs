using Microsoft.ML.MaskedDiffusion;

namespace Reproduce.Experiments.Infilling;

/// <summary>The three ways to fill a gap that are compared.</summary>
internal enum Filler
{
    MaskedDiffusion,
    LeftToRight,
    MiddleLast,
}

/// <summary>A gap in a held-out row.</summary>
/// <param name="Row">The row.</param>
/// <param name="Tokens">The tokens of the words that were taken out.</param>
internal sealed record Question(GappedRow Row, int Tokens);

/// <summary>What was written into a gap.</summary>
/// <param name="Text">The text, with the space before its first word; null where the model did not come to an end.</param>
/// <param name="Tokens">Its tokens.</param>
internal sealed record Filling(string? Text, int Tokens);

/// <summary>Fills gaps with each kind of model, always with the most probable token.</summary>
internal static class Fillers
{
    /// <summary>The name of a filler in tables.</summary>
    public static string Words(this Filler filler) => filler switch
    {
        Filler.MaskedDiffusion => "masked diffusion",
        Filler.LeftToRight => "autoregressive, left side only",
        _ => "autoregressive, middle last",
    };

    /// <summary>Fills gaps of which the number of tokens is known.</summary>
    public static Filling[] FillKnown(MaskedDiffusionModel model, Filler filler, IReadOnlyList<Question> questions)
    {
        if (filler == Filler.MaskedDiffusion)
            return Infill(new Infiller(model), questions, question => GapSyntax.Gap(question.Tokens));
        var fillings = new Dictionary<Question, Filling>(ReferenceEqualityComparer.Instance);
        foreach (IGrouping<int, Question> group in questions.GroupBy(question => question.Tokens))
        {
            GeneratedText[] texts = Write(model, filler, [.. group], new GenerationOptions
            {
                MaxNewTokens = group.Key, MinNewTokens = group.Key, Sampling = Greedy(),
            });
            foreach ((Question question, GeneratedText text) in group.Zip(texts))
                fillings.Add(question, new Filling(text.Text, group.Key));
        }
        return [.. questions.Select(question => fillings[question])];
    }

    /// <summary>
    /// Fills gaps of 1 to <paramref name="mostTokens"/> tokens. The autoregressive model that sees the left side alone has no way to tell
    /// where a gap ends.
    /// </summary>
    public static Filling[] FillUnknown(MaskedDiffusionModel model, Filler filler, IReadOnlyList<Question> questions, int mostTokens)
    {
        if (filler == Filler.MaskedDiffusion)
            return Infill(new Infiller(model), questions, _ => GapSyntax.Gap(1, mostTokens));
        if (filler == Filler.LeftToRight)
            throw new NotSupportedException("A model that sees the left side only cannot tell where a gap ends.");
        // The end of the row is a token too, and a gap has one token at least.
        GeneratedText[] texts = Write(model, filler, questions, new GenerationOptions
        {
            MaxNewTokens = mostTokens + 1, MinNewTokens = 1, Sampling = Greedy(),
        });
        return
        [
            .. texts.Select(text => text.FinishReason == FinishReason.EndOfText
                ? new Filling(text.Text, text.Tokens.Count - 1) : new Filling(null, text.Tokens.Count)),
        ];
    }

    private static Filling[] Infill(Infiller infiller, IReadOnlyList<Question> questions, Func<Question, string> gap)
    {
        FilledText[] filled = infiller.Fill(
        [
            .. questions.Select(question => new GappedText(
                GapSyntax.Escape(question.Row.Left, isBeforeGap: true) + gap(question) + GapSyntax.Escape(question.Row.Right))),
        ]);
        return
        [
            // What stands outside the gap comes back as it was.
            .. questions.Zip(filled, (question, text) => new Filling(
                text.Text[question.Row.Left.Length..^question.Row.Right.Length], text.GapLengths[0])),
        ];
    }

    private static GeneratedText[] Write(
        MaskedDiffusionModel model, Filler filler, IReadOnlyList<Question> questions, GenerationOptions options) =>
        new TextGenerator(model, options).Generate(
        [
            .. questions.Select(question => filler == Filler.MiddleLast ? MiddleLast.Prompt(question.Row) : question.Row.Left),
        ]);

    private static SamplingOptions Greedy() => new() { Order = SamplingOrder.LeftToRight, Temperature = 0 };
}
