using Microsoft.ML.MaskedDiffusion.Corpora.Documents;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

/// <summary>Questions to scores, whether the options of one stand in a vector or in rows: all questions of a batch go to the scorer together.</summary>
internal sealed class ChoiceScorer(MaskedDiffusionModel model, ChoiceScoringOptions options, string choiceColumnName)
{
    private readonly RequestScorer _scorer = RequestScorer.For(model.Network, options.Likelihood);

    /// <summary>A result a question, with one place an option.</summary>
    /// <exception cref="ArgumentException">A question does not fit the model.</exception>
    public ChoiceResult[] Score(IReadOnlyList<ChoiceRow> questions, CancellationToken cancellation)
    {
        int[][] places = [.. questions.Select(question => Enumerable.Range(0, question.Choices.Length).Where(place => question.Choices[place].Length > 0).ToArray())];
        LikelihoodRequest[][] requests = [.. questions.Select((question, i) => RequestsOf(question, places[i]))];
        LikelihoodEstimate[][] estimates = _scorer.ScoreQuestions(requests, cancellation);
        return [.. questions.Select((question, i) => Compare(question.Choices, places[i], estimates[i]))];
    }

    // Softmax and best of the options that are there; ties go to the first.
    private ChoiceResult Compare(string[] choices, int[] places, LikelihoodEstimate[] estimates)
    {
        var result = new OptionScore[choices.Length];
        Array.Fill(result, OptionScore.Absent);
        if (places.Length == 0)
            return new ChoiceResult(result, 0);
        double[] units = [.. places.Select((place, i) => UnitsOf(choices[place], estimates[i].TokenCount))];
        double[] scores = [.. estimates.Select((estimate, i) => estimate.LogLikelihood / units[i])];
        // The best score is taken off first, so that nothing overflows.
        double best = scores.Max(), sum = scores.Sum(score => Math.Exp(score - best));
        for (int i = 0; i < places.Length; i++)
        {
            string choice = choices[places[i]];
            double likelihood = estimates[i].LogLikelihood;
            result[places[i]] = new OptionScore(
                (float)scores[i], (float)(estimates[i].StandardError / units[i]), (float)likelihood, (float)(likelihood / TextLength.Characters(choice)),
                (float)(likelihood / TextLength.Bytes(choice)), (float)(Math.Exp(scores[i] - best) / sum));
        }
        return new ChoiceResult(result, (uint)places[Array.IndexOf(scores, best)] + 1);
    }

    private LikelihoodRequest[] RequestsOf(ChoiceRow row, int[] places)
    {
        if (places.Length == 0)
            return [];
        string separator = row.Context.Length == 0 ? "" : options.Separator;
        ContinuationTokens[] pairs = [.. places.Select(place => model.Tokenizer.EncodeContinuation(row.Context, separator + row.Choices[place]))];
        // All options see the same context, so the longest decides.
        int[] context = DocumentStart.Before(model.Tokenizer, pairs[0]);
        int longest = pairs.Max(pair => pair.Continuation.Length), limit = model.Config.ContextLength, excess = context.Length + longest - limit;
        if (excess > 0)
        {
            if (options.ContextOverflow == ContextOverflow.Throw || longest > limit)
                throw TooLong(row, context.Length, longest);
            context = context[excess..];
        }
        // One key for the question: its options share their random numbers, which sharpens their differences.
        ulong key = ContentKey.Of(row.Context);
        return [.. pairs.Select(pair => new LikelihoodRequest(context, pair.Continuation) { RandomKey = key })];
    }

    private double UnitsOf(string choice, int tokens) => options.Normalization switch
    {
        ChoiceNormalization.PerCharacter => TextLength.Characters(choice),
        ChoiceNormalization.PerByte => TextLength.Bytes(choice),
        ChoiceNormalization.PerToken => tokens,
        _ => 1,
    };

    private ArgumentException TooLong(ChoiceRow row, int context, int option)
    {
        string remedy = option > model.Config.ContextLength
            ? "Shorten the option, or use a model with a longer context."
            : $"Shorten the text, use a model with a longer context, or set {nameof(options.ContextOverflow)} to {ContextOverflow.KeepEnd} to leave out the context's beginning.";
        return new ArgumentException(
            $"Column '{options.ContextColumnName}' has {context} tokens and the longest option of '{choiceColumnName}' {option} in the row \"{row.ShortContext}\": "
            + $"{context + option} together, and the model sees at most {model.Config.ContextLength}. {remedy}");
    }
}
