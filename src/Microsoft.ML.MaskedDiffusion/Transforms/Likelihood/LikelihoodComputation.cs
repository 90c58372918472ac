using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;

/// <summary>Texts to likelihoods: the texts of a batch go to the scorer together.</summary>
internal sealed class LikelihoodComputation : ModelComputation<LikelihoodScoringOptions, ScoredText, LikelihoodResult>
{
    private readonly LikelihoodScorer _scorer;

    public LikelihoodComputation(MaskedDiffusionModel model, LikelihoodScoringOptions options) : this(options.Clone(model.Config), model)
    {
    }

    private LikelihoodComputation(LikelihoodScoringOptions options, MaskedDiffusionModel model)
        : base(model, options, InputsOf(options), LikelihoodColumns.Table) =>
        _scorer = new LikelihoodScorer(model, options.Likelihood, options.Separator, options.ContextOverflow, options.Stride, Describe,
            options.InvalidRows);

    public override Func<ScoredText> Bind(DataViewRow row)
    {
        Func<string> text = Inputs[0].BindText(row);
        if (Inputs.Count == 1)
            return () => new ScoredText(text());
        Func<string> context = Inputs[1].BindText(row);
        return () => new ScoredText(text(), context());
    }

    public override IReadOnlyList<LikelihoodResult> Compute(IReadOnlyList<ScoredText> rows, CancellationToken cancellationToken)
    {
        TextLikelihood[] scores = _scorer.Score(rows, cancellationToken);
        return [.. scores.Select((score, row) => LikelihoodResult.Of(rows[row].Text, score))];
    }

    // The saved mapping always reads a context. Where there is none, the text column stands in its place.
    public override CarrierPlan Plan() => Plan(
        LikelihoodMapping.Kind, LikelihoodMapping.Instance.Estimator, (Inputs[0], LikelihoodInput.TextName),
        (Inputs[^1], LikelihoodInput.ContextName));

    private static InputColumn[] InputsOf(LikelihoodScoringOptions options)
    {
        InputColumn text = InputColumn.Text("text", options.TextColumnName);
        return options.ContextColumnName is { } context ? [text, InputColumn.Text("context", context)] : [text];
    }

    private string Describe(ScoredText row, int contextTokens, int textTokens) =>
        $"Column '{Options.ContextColumnName}' has {contextTokens} tokens and column '{Options.TextColumnName}' {textTokens} "
        + $"in the row \"{TextExcerpt.Of(row.Context!)}\"";
}
