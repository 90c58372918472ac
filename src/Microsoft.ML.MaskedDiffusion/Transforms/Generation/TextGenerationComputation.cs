using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Generation;

/// <summary>Prompts to texts: those of a batch are written together.</summary>
internal sealed class TextGenerationComputation : ModelComputation<TextGenerationOptions, string, GeneratedText>
{
    private readonly TextGenerator _generator;

    public TextGenerationComputation(MaskedDiffusionModel model, TextGenerationOptions options) : this(options.Clone(), model)
    {
    }

    private TextGenerationComputation(TextGenerationOptions options, MaskedDiffusionModel model)
        : base(model, options, [InputColumn.Text("prompt", options.PromptColumnName)], TextGenerationColumns.Table) =>
        _generator = new TextGenerator(model, options.Generation, $"A prompt of column '{options.PromptColumnName}'");

    public override Func<string> Bind(DataViewRow row) => Inputs[0].BindText(row);

    public override IReadOnlyList<GeneratedText> Compute(IReadOnlyList<string> rows, CancellationToken cancellationToken)
    {
        GeneratedText[] results = _generator.Generate(rows, cancellationToken, Options.BatchProgress);
        // A cursor's row is whole or not there.
        cancellationToken.ThrowIfCancellationRequested();
        return results;
    }

    public override CarrierPlan Plan() =>
        Plan(TextGenerationMapping.Kind, TextGenerationMapping.Instance.Estimator, (Inputs[0], TextGenerationInput.PromptName));
}
