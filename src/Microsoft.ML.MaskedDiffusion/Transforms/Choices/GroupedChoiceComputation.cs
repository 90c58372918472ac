using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

/// <summary>One option of a question; <paramref name="Question"/> counts the questions of a pass over the data.</summary>
internal sealed record GroupedChoiceRow(long Question, string Group, string Context, string Choice);

/// <summary>One option in each row: the rows of a group are scored as one question.</summary>
internal sealed class GroupedChoiceComputation : ModelComputation<GroupedChoiceScoringOptions, GroupedChoiceRow, GroupedChoiceResult>
{
    private readonly ChoiceScorer _scorer;

    public GroupedChoiceComputation(MaskedDiffusionModel model, GroupedChoiceScoringOptions options) : this(options.Clone(), model)
    {
    }

    private GroupedChoiceComputation(GroupedChoiceScoringOptions options, MaskedDiffusionModel model)
        : base(
            model,
            options,
            [
                InputColumn.Text("context", options.ContextColumnName), InputColumn.Text("choice", options.ChoiceColumnName),
                InputColumn.Group("group", options.GroupColumnName),
            ],
            ChoiceColumns.Rows) => _scorer = new ChoiceScorer(model, options, options.ChoiceColumnName);

    public override bool JoinsRows => true;

    public override Func<GroupedChoiceRow> Bind(DataViewRow row)
    {
        Func<string> context = Inputs[0].BindText(row), choice = Inputs[1].BindText(row), group = Inputs[2].BindGroup(row);
        // 64 bits of the hash of each group: only among some four thousand million groups would two be likely to have the same ones.
        var seen = new HashSet<ulong>();
        string? current = null;
        return () =>
        {
            string name = group();
            if (name != current)
            {
                if (!seen.Add(ContentKey.Of(name)))
                {
                    throw new InvalidDataException(
                        $"Group '{name}' of column '{Options.GroupColumnName}' comes again after another group: "
                        + "the rows of a group are scored together, so they must stand next to each other. Sort the data by that column.");
                }
                current = name;
            }
            return new GroupedChoiceRow(seen.Count, name, context(), choice());
        };
    }

    public override bool Joins(GroupedChoiceRow previous, GroupedChoiceRow next) => previous.Question == next.Question;

    public override IReadOnlyList<GroupedChoiceResult> Compute(IReadOnlyList<GroupedChoiceRow> rows, CancellationToken cancellationToken)
    {
        List<ChoiceRow> questions = [];
        int start = 0;
        while (start < rows.Count)
        {
            int end = start + 1;
            while (end < rows.Count && Joins(rows[end - 1], rows[end]))
                end++;
            questions.Add(Question(rows, start, end));
            start = end;
        }
        return [.. _scorer.Score(questions, cancellationToken).SelectMany(RowsOf)];
    }

    public override CarrierPlan Plan() => Plan(
        GroupedChoiceMapping.Kind, GroupedChoiceMapping.Instance.Estimator,
        (Inputs[0], GroupedChoiceInput.ContextName), (Inputs[1], GroupedChoiceInput.ChoiceName));

    private static IEnumerable<GroupedChoiceResult> RowsOf(ChoiceResult question) =>
        question.Options.Select((option, place) => new GroupedChoiceResult(option, place + 1 == question.PredictedLabel));

    private ChoiceRow Question(IReadOnlyList<GroupedChoiceRow> rows, int start, int end)
    {
        GroupedChoiceRow first = rows[start];
        if (end - start > ChoiceScoringOptionsBase.MaximumChoices)
        {
            throw new InvalidDataException(
                $"Group '{first.Group}' of column '{Options.GroupColumnName}' has {end - start} rows; a question has at most "
                + $"{ChoiceScoringOptionsBase.MaximumChoices} options. Is this the column that tells questions apart?");
        }
        var choices = new string[end - start];
        for (int i = start; i < end; i++)
        {
            if (rows[i].Context != first.Context)
            {
                throw new InvalidDataException(
                    $"Group '{first.Group}' of column '{Options.GroupColumnName}' has rows of different contexts in column "
                    + $"'{Options.ContextColumnName}': \"{TextExcerpt.Of(first.Context)}\" and \"{TextExcerpt.Of(rows[i].Context)}\". "
                    + "The options of a question continue one context.");
            }
            choices[i - start] = rows[i].Choice;
        }
        return new ChoiceRow(first.Context, choices);
    }
}
