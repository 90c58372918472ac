using Reproduce.Results;

namespace Reproduce.Experiments.Infilling;

/// <summary>A trained model.</summary>
/// <param name="Filler">Which.</param>
/// <param name="Parameters">Its parameters outside embeddings.</param>
/// <param name="Steps">The steps of its training here; null where it is pre-trained.</param>
/// <param name="Loss">Its loss on held-out rows in its own order, nats per token; an upper bound for masked diffusion.</param>
internal sealed record Trained(Filler Filler, long Parameters, long? Steps, Interval Loss);

/// <summary>A model's answers to all gaps of a length.</summary>
/// <param name="Filler">Which model.</param>
/// <param name="Words">The words of each gap.</param>
/// <param name="IsLengthKnown">Whether the number of tokens was given.</param>
/// <param name="Restored">For each gap, whether the filling is the original.</param>
/// <param name="HasLength">For each gap, whether the filling has as many tokens as the original.</param>
/// <param name="Examples">The first fillings.</param>
internal sealed record Answers(Filler Filler, int Words, bool IsLengthKnown, bool[] Restored, bool[] HasLength, Example[] Examples)
{
    private const int ExampleCount = 2;

    /// <summary>The share of restored gaps.</summary>
    public Interval Share => Interval.OfShare(Restored.Count(right => right), Restored.Length);

    /// <summary>The share of gaps whose number of tokens was found.</summary>
    public Interval LengthShare => Interval.OfShare(HasLength.Count(right => right), HasLength.Length);

    /// <summary>Compares fillings with what was taken out.</summary>
    public static Answers Of(Filler filler, int words, bool isLengthKnown, Question[] questions, Filling[] fillings) => new(
        filler, words, isLengthKnown,
        [.. questions.Zip(fillings, (question, filling) => filling.Text == question.Row.Middle)],
        [.. questions.Zip(fillings, (question, filling) => filling.Text is not null && filling.Tokens == question.Tokens)],
        [
            .. questions.Zip(fillings, (question, filling) => new Example(question.Row, filling.Text)).Take(ExampleCount),
        ]);

    /// <summary>By how much the share of restored gaps is larger than that of other answers to the same gaps.</summary>
    public Interval Difference(Answers other) => Interval.OfShareDifference(Restored, other.Restored);
}

/// <summary>A gap and what was written into it; null where the model did not come to an end.</summary>
internal sealed record Example(GappedRow Row, string? Filling);
