using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

/// <summary>A question a row, its options in a vector.</summary>
internal sealed class ChoiceComputation : RowComputation<ChoiceRow, ChoiceResult>
{
    private readonly ChoiceScorer _scorer;

    public ChoiceComputation(MaskedDiffusionModel model, ChoiceScoringEstimator.Options options)
    {
        Model = model;
        Options = options.Clone();
        ChoiceCount = Options.ChoiceCount ?? throw new ArgumentException("Option ChoiceCount is missing.", nameof(options));
        _scorer = new ChoiceScorer(model, Options, Options.ChoicesColumnName);
        Inputs = InputsOf(Options);
        Outputs = OutputsOf(Options);
    }

    public MaskedDiffusionModel Model { get; }

    public ChoiceScoringEstimator.Options Options { get; }

    public int ChoiceCount { get; }

    public override int BatchSize => Options.BatchSize;

    public override CancellationToken CancellationToken => Options.CancellationToken;

    public override IReadOnlyList<InputColumn> Inputs { get; }

    public override IReadOnlyList<OutputColumn<ChoiceResult>> Outputs { get; }

    public static InputColumn[] InputsOf(ChoiceScoringEstimator.Options options) =>
        [InputColumn.Text("context", options.ContextColumnName), InputColumn.Texts("choices", options.ChoicesColumnName)];

    public static OutputColumn<ChoiceResult>[] OutputsOf(ChoiceScoringEstimator.Options options)
    {
        int count = options.ChoiceCount!.Value;
        OutputColumn<ChoiceResult> Vector(string name, Func<OptionScore, float> read) =>
            OutputColumns.Vector<ChoiceResult>(name, count, row => [.. row.Options.Select(read)]);
        return
        [
            Vector(options.ScoreColumnName, option => option.Score), Vector(options.StandardErrorColumnName, option => option.StandardError),
            Vector(options.LogLikelihoodColumnName, option => option.LogLikelihood), Vector(options.PerCharacterColumnName, option => option.PerCharacter),
            Vector(options.PerByteColumnName, option => option.PerByte), Vector(options.ProbabilityColumnName, option => option.Probability),
            OutputColumns.Key<ChoiceResult>(options.PredictedLabelColumnName, count, row => row.PredictedLabel),
        ];
    }

    public override Func<ChoiceRow> Bind(DataViewRow row)
    {
        Func<string> context = Inputs[0].BindText(row);
        Func<string[]> choices = Inputs[1].BindTexts(row);
        return () => new ChoiceRow(context(), choices());
    }

    public override void Report(long rowsComputed, long? rowsInAll) => Options.Progress?.Report(new ScoringProgress(rowsComputed, rowsInAll));

    public override IReadOnlyList<ChoiceResult> Compute(IReadOnlyList<ChoiceRow> rows, CancellationToken cancellationToken) =>
        _scorer.Score([.. rows.Select(Sized)], cancellationToken);

    // As many options as there are places: those beyond a row's last are not there.
    private ChoiceRow Sized(ChoiceRow row)
    {
        int last = Array.FindLastIndex(row.Choices, choice => choice.Length > 0);
        if (last >= ChoiceCount)
        {
            throw new ArgumentOutOfRangeException(nameof(Options.ChoiceCount), last + 1,
                $"A row has {last + 1} options in column '{Options.ChoicesColumnName}', and the score vectors hold {ChoiceCount}: "
                + $"set {nameof(Options.ChoiceCount)} to the most options a row may have. Its context: \"{row.ShortContext}\".");
        }
        string[] choices = new string[ChoiceCount];
        Array.Fill(choices, "");
        row.Choices.AsSpan(0, last + 1).CopyTo(choices);
        return row with { Choices = choices };
    }
}
