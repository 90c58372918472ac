using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

/// <summary>An option a row: the rows of a group are scored as one question.</summary>
internal sealed class GroupedChoiceComputation : RowComputation<GroupedChoiceRow, GroupedChoiceResult>
{
    private readonly ChoiceScorer _scorer;

    public GroupedChoiceComputation(MaskedDiffusionModel model, GroupedChoiceScoringEstimator.Options options)
    {
        Model = model;
        Options = options.Clone();
        _scorer = new ChoiceScorer(model, Options, Options.ChoiceColumnName);
        Inputs = [InputColumn.Text("context", Options.ContextColumnName), InputColumn.Text("choice", Options.ChoiceColumnName), InputColumn.Group("group", Options.GroupColumnName)];
        static OutputColumn<GroupedChoiceResult> Single(string name, Func<OptionScore, float> read) => OutputColumns.Single<GroupedChoiceResult>(name, row => read(row.Option));
        Outputs =
        [
            Single(Options.ScoreColumnName, option => option.Score), Single(Options.StandardErrorColumnName, option => option.StandardError),
            Single(Options.LogLikelihoodColumnName, option => option.LogLikelihood), Single(Options.PerCharacterColumnName, option => option.PerCharacter),
            Single(Options.PerByteColumnName, option => option.PerByte), Single(Options.ProbabilityColumnName, option => option.Probability),
            OutputColumns.Boolean<GroupedChoiceResult>(Options.PredictedLabelColumnName, row => row.Predicted),
        ];
    }

    public MaskedDiffusionModel Model { get; }

    public GroupedChoiceScoringEstimator.Options Options { get; }

    public override int BatchSize => Options.BatchSize;

    public override CancellationToken CancellationToken => Options.CancellationToken;

    public override bool JoinsRows => true;

    public override IReadOnlyList<InputColumn> Inputs { get; }

    public override IReadOnlyList<OutputColumn<GroupedChoiceResult>> Outputs { get; }

    public override Func<GroupedChoiceRow> Bind(DataViewRow row)
    {
        Func<string> context = Inputs[0].BindText(row), choice = Inputs[1].BindText(row), group = Inputs[2].BindGroup(row);
        // 64 bits of each group's hash: two groups of a pass alike would take some four thousand million groups.
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
                        $"Group '{name}' of column '{Options.GroupColumnName}' comes again after another group: the rows of a group are scored together, so they must stand next to each other. Sort the data by that column.");
                }
                current = name;
            }
            return new GroupedChoiceRow(seen.Count, name, context(), choice());
        };
    }

    public override bool Joins(GroupedChoiceRow previous, GroupedChoiceRow next) => previous.Question == next.Question;

    public override void Report(long rowsComputed, long? rowsInAll) => Options.Progress?.Report(new ScoringProgress(rowsComputed, rowsInAll));

    public override IReadOnlyList<GroupedChoiceResult> Compute(IReadOnlyList<GroupedChoiceRow> rows, CancellationToken cancellationToken)
    {
        List<ChoiceRow> questions = [];
        for (int start = 0, end; start < rows.Count; start = end)
        {
            for (end = start + 1; end < rows.Count && Joins(rows[end - 1], rows[end]);)
                end++;
            questions.Add(Question(rows, start, end));
        }
        ChoiceResult[] results = _scorer.Score(questions, cancellationToken);
        return [.. results.SelectMany(result => result.Options.Select((option, place) => new GroupedChoiceResult(option, place + 1 == result.PredictedLabel)))];
    }

    private ChoiceRow Question(IReadOnlyList<GroupedChoiceRow> rows, int start, int end)
    {
        if (end - start > ChoiceScoringEstimator.MaximumChoices)
        {
            throw new InvalidDataException(
                $"Group '{rows[start].Group}' of column '{Options.GroupColumnName}' has {end - start} rows; a question has at most {ChoiceScoringEstimator.MaximumChoices} options. Is this the column that tells questions apart?");
        }
        var choices = new string[end - start];
        for (int i = start; i < end; i++)
        {
            if (rows[i].Context != rows[start].Context)
            {
                throw new InvalidDataException(
                    $"Group '{rows[i].Group}' of column '{Options.GroupColumnName}' has rows of different contexts in column '{Options.ContextColumnName}': \"{new ChoiceRow(rows[start].Context, []).ShortContext}\" and \"{new ChoiceRow(rows[i].Context, []).ShortContext}\". The options of a question continue one context.");
            }
            choices[i - start] = rows[i].Choice;
        }
        return new ChoiceRow(rows[start].Context, choices);
    }
}
