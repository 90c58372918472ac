using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

/// <summary>A question and its options; an empty option is not there.</summary>
internal sealed record ChoiceRow(string Context, string[] Choices);

/// <summary>
/// Scores questions, whether the options of a question stand in a vector or in rows. All questions of a batch go to the likelihood scorer
/// together.
/// </summary>
internal sealed class ChoiceScorer(MaskedDiffusionModel model, ChoiceScoringOptionsBase options, string choiceColumnName)
{
    private readonly RequestScorer _scorer = RequestScorer.For(model.Network, options.Likelihood);
    private readonly QuestionEncoder _encoder = new(model.Tokenizer, model.Config.ContextLength, needsContext: model.Config.Autoregressive);

    /// <summary>One result for each question, with one place for each option.</summary>
    /// <exception cref="ArgumentException">A question does not fit the model.</exception>
    public ChoiceResult[] Score(IReadOnlyList<ChoiceRow> questions, CancellationToken cancellation)
    {
        int[][] places = [.. questions.Select(question => PlacesOf(question.Choices))];
        LikelihoodRequest[][] requests = [.. questions.Select((question, i) => RequestsOf(question, places[i]))];
        LikelihoodEstimate[][] estimates = _scorer.ScoreQuestions(requests, cancellation);
        return [.. questions.Select((question, i) => Compare(question.Choices, places[i], estimates[i]))];
    }

    // The options that are there.
    private static int[] PlacesOf(string[] choices) => [.. Enumerable.Range(0, choices.Length).Where(place => choices[place].Length > 0)];

    // The softmax and the best of the options that are there; of equal options the first is the best.
    private ChoiceResult Compare(string[] choices, int[] places, LikelihoodEstimate[] estimates)
    {
        var result = new OptionScore[choices.Length];
        Array.Fill(result, OptionScore.Absent);
        if (estimates.Length == 0)
        {
            foreach (int there in places)
                result[there] = OptionScore.Unscored;
            return new ChoiceResult(result, 0, "");
        }
        double[] units = [.. places.Select((place, i) => UnitsOf(choices[place], estimates[i].TokenCount))];
        double[] scores = [.. estimates.Select((estimate, i) => estimate.LogLikelihood / units[i])];
        // The best score is subtracted first, so that nothing overflows.
        double best = scores.Max(), sum = scores.Sum(score => Math.Exp(score - best));
        for (int i = 0; i < places.Length; i++)
            result[places[i]] = OptionScore.Of(choices[places[i]], estimates[i], units[i], Math.Exp(scores[i] - best) / sum);
        int place = places[Array.IndexOf(scores, best)];
        return new ChoiceResult(result, (uint)place + 1, choices[place]);
    }

    private LikelihoodRequest[] RequestsOf(ChoiceRow row, int[] places)
    {
        if (places.Length == 0)
            return [];
        string separator = row.Context.Length == 0 ? "" : options.Separator;
        EncodedQuestion question = _encoder.Encode(
            row.Context, [.. places.Select(place => separator + row.Choices[place])], options.ContextOverflow == ContextOverflow.KeepEnd);
        return question.Requests.Length > 0 || options.InvalidRows == InvalidRows.Skip ? question.Requests : throw TooLong(row, question);
    }

    private double UnitsOf(string choice, int tokens) => options.Normalization switch
    {
        ChoiceNormalization.PerCharacter => TextLength.Characters(choice),
        ChoiceNormalization.PerByte => TextLength.Bytes(choice),
        ChoiceNormalization.PerToken => tokens,
        _ => 1,
    };

    private ArgumentException TooLong(ChoiceRow row, EncodedQuestion question)
    {
        if (question.Flag == AnswerFlag.NoContext)
        {
            return new ArgumentException(
                $"Column '{options.ContextColumnName}' is empty in a row. An autoregressive model predicts a token "
                + "from those before it, and the tokenizer has no token that starts a text: give the row a context.");
        }
        if (question.Flag == AnswerFlag.Empty)
        {
            return new ArgumentException(
                $"The tokenizer has no token for one of the options in '{choiceColumnName}' of the row "
                + $"\"{TextExcerpt.Of(row.Context)}\": it may be white space or characters that the tokenizer drops. Give the option a "
                + "text, or none for an option that is not there.");
        }
        int context = question.ContextLength, option = question.LongestContinuation;
        string remedy = option > _encoder.LongestContinuation
            ? $"An option may have {_encoder.LongestContinuation}. Shorten the option, or use a model with a longer context."
            : "Shorten the text, use a model with a longer context, or set "
                + $"{nameof(options.ContextOverflow)} to {ContextOverflow.KeepEnd} to leave out the context's beginning.";
        return new ArgumentException(
            $"Column '{options.ContextColumnName}' has {context} tokens and the longest option of '{choiceColumnName}' {option} in the row "
            + $"\"{TextExcerpt.Of(row.Context)}\": {context + option} together, "
            + $"and the model sees at most {_encoder.Longest}. {remedy}");
    }
}
