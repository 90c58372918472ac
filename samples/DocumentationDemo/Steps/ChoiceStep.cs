using DocumentationDemo.Corpus;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;

namespace DocumentationDemo.Steps;

/// <summary>Zero-shot multiple choice on held-out rows: the name as context, its summary among four of similar length.</summary>
/// <param name="Questions">Questions asked.</param>
/// <param name="Accuracy">Share answered right.</param>
/// <param name="StandardError">Standard error of the accuracy over questions.</param>
/// <param name="Examples">A few questions with the answer given.</param>
internal sealed record ChoiceStep(int Questions, double Accuracy, double StandardError, IReadOnlyList<(ChoiceRow Row, int Answer)> Examples)
{
    public const int Options = 4;

    // Unsupervised classifier-free guidance: how much more likely the name makes the summary counts twice over. Chosen on other rows than those asked here.
    private const double GuidanceScale = 2;

    /// <summary>The lower end of the 95 % confidence interval.</summary>
    public double LowerBound => Accuracy - 1.96 * StandardError;

    public static ChoiceStep Run(MLContext ml, MaskedDiffusionModel model, IReadOnlyList<CorpusRow> rows, int count, int seed)
    {
        List<ChoiceRow> questions = Ask(rows, count, new Random(seed));
        IDataView data = ml.Data.LoadFromEnumerable(questions);
        var options = new ChoiceScoringOptions
        {
            ContextColumnName = nameof(ChoiceRow.Name), ChoicesColumnName = nameof(ChoiceRow.Choices), Likelihood = new() { Samples = 64, GuidanceScale = GuidanceScale },
        };
        IDataView answered = ml.MaskedDiffusion().ScoreChoices(model, options).Fit(data).Transform(data);
        MulticlassClassificationMetrics metrics = ml.MulticlassClassification.Evaluate(answered, nameof(ChoiceRow.Label), "Probability");
        int[] answers = [.. answered.GetColumn<uint>("PredictedLabel").Select(key => (int)key - 1)];
        double accuracy = metrics.MicroAccuracy;
        return new ChoiceStep(questions.Count, accuracy, Math.Sqrt(accuracy * (1 - accuracy) / questions.Count), [.. questions.Zip(answers).Take(5)]);
    }

    /// <summary>Questions whose wrong answers are the summaries of rows near in length, chosen among the 40 nearest.</summary>
    private static List<ChoiceRow> Ask(IReadOnlyList<CorpusRow> rows, int count, Random random)
    {
        CorpusRow[] byLength = [.. rows.Where(row => row.Name.Length > 0).OrderBy(row => row.Summary.Length).ThenBy(row => row.Text, StringComparer.Ordinal)];
        if (byLength.Length < 60)
            throw new InvalidDataException($"Multiple choice needs 60 held-out rows with a context, and there are {byLength.Length}; give a larger text.");
        var questions = new List<ChoiceRow>();
        foreach (int index in Enumerable.Range(0, byLength.Length).OrderBy(_ => random.Next()).Take(count))
        {
            int first = Math.Clamp(index - 20, 0, byLength.Length - 41);
            int[] wrong = [.. Enumerable.Range(first, 41).Where(i => i != index).OrderBy(_ => random.Next()).Take(Options - 1)];
            int right = random.Next(Options);
            List<string> choices = [.. wrong.Select(i => byLength[i].Summary)];
            choices.Insert(right, byLength[index].Summary);
            questions.Add(new ChoiceRow { Name = byLength[index].Name, Choices = [.. choices], Label = (uint)right });
        }
        return questions;
    }
}
