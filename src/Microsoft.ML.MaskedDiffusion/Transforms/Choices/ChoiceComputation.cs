using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

/// <summary>One question in each row, with its options in a vector.</summary>
internal sealed class ChoiceComputation : ModelComputation<ChoiceScoringOptions, ChoiceRow, ChoiceResult>
{
    private readonly ChoiceScorer _scorer;

    /// <param name="model">The model, which stays the caller's.</param>
    /// <param name="options">Options with a <see cref="ChoiceScoringOptions.ChoiceCount"/>; copied and checked.</param>
    public ChoiceComputation(MaskedDiffusionModel model, ChoiceScoringOptions options) : this(options.Clone(), model)
    {
    }

    private ChoiceComputation(ChoiceScoringOptions options, MaskedDiffusionModel model)
        : base(model, options, InputsOf(options), ChoiceColumns.Vectors) =>
        _scorer = new ChoiceScorer(model, options, options.ChoicesColumnName);

    public int ChoiceCount => Options.ChoiceCount!.Value;

    public static InputColumn[] InputsOf(ChoiceScoringOptions options) =>
        [InputColumn.Text("context", options.ContextColumnName), InputColumn.Texts("choices", options.ChoicesColumnName)];

    public override Func<ChoiceRow> Bind(DataViewRow row)
    {
        Func<string> context = Inputs[0].BindText(row);
        Func<string[]> choices = Inputs[1].BindTexts(row);
        return () => new ChoiceRow(context(), choices());
    }

    public override IReadOnlyList<ChoiceResult> Compute(IReadOnlyList<ChoiceRow> rows, CancellationToken cancellationToken) =>
        _scorer.Score([.. rows.Select(Sized)], cancellationToken);

    public override CarrierPlan Plan() => Plan(
        ChoiceMapping.Kind, ChoiceMapping.Instance.Estimator, (Inputs[0], ChoiceInput.ContextName), (Inputs[1], ChoiceInput.ChoicesName));

    // The row with as many options as the vectors have places; the places after the row's last option are empty.
    private ChoiceRow Sized(ChoiceRow row)
    {
        int last = Array.FindLastIndex(row.Choices, choice => choice.Length > 0);
        if (last >= ChoiceCount)
        {
            throw new ArgumentOutOfRangeException(nameof(Options.ChoiceCount), last + 1,
                $"A row has {last + 1} options in column '{Options.ChoicesColumnName}', and the score vectors hold {ChoiceCount}: "
                + $"set {nameof(Options.ChoiceCount)} to the most options a row may have. Its context: \"{TextExcerpt.Of(row.Context)}\".");
        }
        string[] choices = new string[ChoiceCount];
        Array.Fill(choices, "");
        row.Choices.AsSpan(0, last + 1).CopyTo(choices);
        return row with { Choices = choices };
    }
}
