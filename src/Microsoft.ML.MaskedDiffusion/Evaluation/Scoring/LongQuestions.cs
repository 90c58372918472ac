using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.Scoring;

/// <summary>What evaluations do with questions that are longer than the model's context.</summary>
internal static class LongQuestions
{
    /// <summary>The requests of a question, cut, flagged or refused as <paramref name="overflow"/> says.</summary>
    /// <param name="scorer">The model.</param>
    /// <param name="name">What messages call the question.</param>
    /// <param name="context">The text before the continuations.</param>
    /// <param name="continuations">The continuations, each with the separator in front.</param>
    /// <param name="overflow">What to do where they are too long.</param>
    /// <exception cref="InvalidDataException">The question is too long, under <see cref="ContextOverflow.Throw"/>.</exception>
    public static EncodedQuestion Encode(
        IAnswerScorer scorer, string name, string context, IReadOnlyList<string> continuations, ContextOverflow overflow)
    {
        var encoder = new QuestionEncoder(scorer.Tokenizer, scorer.ContextLength, scorer.NeedsContext);
        EncodedQuestion question = encoder.Encode(context, continuations, keepEnd: overflow == ContextOverflow.KeepEnd);
        if (question.Flag == AnswerFlag.TooLong && overflow == ContextOverflow.Throw)
        {
            throw new InvalidDataException(
                $"{name} has {question.ContextLength} tokens of context and {question.LongestContinuation} in its longest continuation; "
                + $"the model sees at most {encoder.Longest} together. Shorten it, use a model with a longer context, "
                + $"or set {nameof(ContextOverflow)} to {ContextOverflow.Skip} or {ContextOverflow.KeepEnd}.");
        }
        return question;
    }

    /// <summary>The value's name in the head of a log. It is part of the file format and never changes.</summary>
    public static string StoredName(ContextOverflow overflow) => overflow switch
    {
        ContextOverflow.Skip => "Flag",
        ContextOverflow.KeepEnd => "TruncateLeft",
        _ => "Throw",
    };
}
