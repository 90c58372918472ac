using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Infilling;

/// <summary>Texts with gaps to texts without: the gaps of all rows of a batch are filled together.</summary>
internal sealed class InfillComputation : ModelComputation<InfillOptions, GappedText, FilledText>
{
    private readonly Infiller _infiller;

    public InfillComputation(MaskedDiffusionModel model, InfillOptions options) : this(options.Clone(), model)
    {
    }

    private InfillComputation(InfillOptions options, MaskedDiffusionModel model)
        : base(model, options, InputsOf(options), InfillColumns.Table) => _infiller = new Infiller(model, options.Sampling, options.Gaps);

    public override Func<GappedText> Bind(DataViewRow row)
    {
        Func<string> text = Inputs[0].BindText(row);
        if (Options.CandidatesColumnName is null)
            return () => new GappedText(text(), Options.Candidates);
        Func<string[]> candidates = Inputs[1].BindTexts(row);
        return () => new GappedText(text(), candidates());
    }

    public override IReadOnlyList<FilledText> Compute(IReadOnlyList<GappedText> rows, CancellationToken cancellationToken) =>
        Compute(rows, null, cancellationToken);

    public override IReadOnlyList<FilledText> Compute(IReadOnlyList<GappedText> rows, long? firstRow, CancellationToken cancellationToken)
    {
        string column = $"A text of column '{Options.InputColumnName}'";
        return _infiller.Fill(
            rows, number => firstRow is { } first ? column + RowNumber.Text(first + number) : column, cancellationToken, progress: null);
    }

    public override CarrierPlan Plan()
    {
        if (Options.CandidatesColumnName is not null)
        {
            return Plan(InfillMapping.Kind, InfillCandidatesMapping.Instance.Estimator,
                (Inputs[0], InfillInput.TextName), (Inputs[1], InfillCandidatesInput.CandidatesName));
        }
        if (Outputs.Count > 1)
            return Plan(InfillMapping.Kind, InfillDetailsMapping.Instance.Estimator, (Inputs[0], InfillInput.TextName));
        // As in all files before there were other columns, so that older versions read it.
        CarrierPlan plan = Plan(InfillMapping.Kind, InfillMapping.Instance.Estimator, (Inputs[0], InfillInput.TextName));
        return plan with { Outputs = [plan.Outputs[0]] };
    }

    private static InputColumn[] InputsOf(InfillOptions options)
    {
        InputColumn text = InputColumn.Text("input", options.InputColumnName);
        return options.CandidatesColumnName is { } name ? [text, InputColumn.Texts("candidates", name)] : [text];
    }
}
