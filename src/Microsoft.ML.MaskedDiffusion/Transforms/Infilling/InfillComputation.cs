using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Infilling;

/// <summary>Texts with gaps to texts without: the gaps of all rows of a batch are filled together.</summary>
internal sealed class InfillComputation : ModelComputation<InfillOptions, string, string>
{
    private readonly Infiller _infiller;

    public InfillComputation(MaskedDiffusionModel model, InfillOptions options) : this(options.Clone(), model)
    {
    }

    private InfillComputation(InfillOptions options, MaskedDiffusionModel model)
        : base(model, options, [InputColumn.Text("input", options.InputColumnName)], InfillColumns.Table) =>
        _infiller = new Infiller(model, options.Sampling, $"A text of column '{options.InputColumnName}'", options.InvalidRows);

    public override Func<string> Bind(DataViewRow row) => Inputs[0].BindText(row);

    public override IReadOnlyList<string> Compute(IReadOnlyList<string> rows, CancellationToken cancellationToken) =>
        _infiller.Fill(rows, cancellationToken);

    public override CarrierPlan Plan() => Plan(InfillMapping.Kind, InfillMapping.Instance.Estimator, (Inputs[0], InfillInput.TextName));
}
