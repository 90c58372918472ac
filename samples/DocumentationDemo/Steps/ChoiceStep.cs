using DocumentationDemo.Corpus;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;

namespace DocumentationDemo.Steps;

/// <summary>
/// Zero-shot multiple choice on held-out rows: the context is a name, and its summary is one of four choices of similar length.
/// </summary>
/// <param name="Questions">Questions asked.</param>
/// <param name="Accuracy">Share answered right.</param>
/// <param name="StandardError">Standard error of the accuracy over questions.</param>
/// <param name="Examples">A few questions with the answer given.</param>
internal sealed record ChoiceStep(int Questions, double Accuracy, double StandardError, IReadOnlyList<(ChoiceRow Row, int Answer)> Examples)
{
    public const int Options = 4;

    private const int FewestRows = 60;

    // Classifier-free guidance without special training ("unsupervised"): it favours summaries that the name makes more likely. The value
    // was chosen on other rows than those asked here.
    private const double GuidanceScale = 2;

    /// <summary>The lower end of the 95 % confidence interval.</summary>
    public double LowerBound => Math.Max(0, Accuracy - 1.96 * StandardError);

    public static ChoiceStep Run(MLContext ml, MaskedDiffusionModel model, IReadOnlyList<CorpusRow> rows, int count, int seed)
    {
        List<ChoiceRow> questions = Ask(rows, count, new Random(seed));
        IDataView data = ml.Data.LoadFromEnumerable(questions);
        var options = new ChoiceScoringOptions
        {
            ContextColumnName = nameof(ChoiceRow.Name),
            ChoicesColumnName = nameof(ChoiceRow.Choices),
            Likelihood = new() { Samples = 64, GuidanceScale = GuidanceScale },
        };
        IDataView answered = ml.MaskedDiffusion().ScoreChoices(model, options).Fit(data).Transform(data);
        MulticlassClassificationMetrics metrics = ml.MulticlassClassification.Evaluate(answered, nameof(ChoiceRow.Label), "Probability");
        int[] answers = [.. answered.GetColumn<uint>("PredictedLabel").Select(key => (int)key - 1)];
        double accuracy = metrics.MicroAccuracy;
        double standardError = Math.Sqrt(accuracy * (1 - accuracy) / questions.Count);
        return new ChoiceStep(questions.Count, accuracy, standardError, [.. questions.Zip(answers).Take(5)]);
    }

    /// <summary>Refuses a text whose held-out rows are too few to make questions of.</summary>
    /// <exception cref="InvalidDataException">They are.</exception>
    public static void RequireRows(IEnumerable<CorpusRow> heldOut) => RequireRows(heldOut.Count(row => row.Name.Length > 0));

    private static void RequireRows(int count)
    {
        if (count < FewestRows)
        {
            throw new InvalidDataException(
                $"Multiple choice needs at least {FewestRows} held-out rows with a context, but there are only {count}. "
                + "Use a larger text.");
        }
    }

    /// <summary>Makes questions. The wrong answers are drawn from the 40 summaries that are nearest in length to the right one.</summary>
    private static List<ChoiceRow> Ask(IReadOnlyList<CorpusRow> rows, int count, Random random)
    {
        CorpusRow[] byLength =
            [.. rows.Where(row => row.Name.Length > 0).OrderBy(row => row.Summary.Length).ThenBy(row => row.Text, StringComparer.Ordinal)];
        RequireRows(byLength.Length);
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
