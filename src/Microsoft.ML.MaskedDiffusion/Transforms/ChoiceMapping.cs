using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews.Carriers;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Transforms;

/// <summary>What the saved choice mapping reads of a row.</summary>
internal sealed class ChoiceInput
{
    public const string ContextName = "__mdm_context", ChoicesName = "__mdm_choices";

    [ColumnName(CarrierNames.Blob)]
    public VBuffer<ReadOnlyMemory<char>> Blob { get; set; }

    [ColumnName(ContextName)]
    public ReadOnlyMemory<char> Context { get; set; }

    [ColumnName(ChoicesName)]
    public VBuffer<ReadOnlyMemory<char>> Choices { get; set; }
}

/// <summary>What the saved choice mapping adds.</summary>
internal sealed class ChoiceOutput
{
    public const string ScoreName = "__mdm_score", ErrorName = "__mdm_error", ProbabilityName = "__mdm_probability", LabelName = "__mdm_label";

    [ColumnName(ScoreName)]
    public float[] Score { get; set; } = [];

    [ColumnName(ErrorName)]
    public float[] Error { get; set; } = [];

    [ColumnName(ProbabilityName)]
    public float[] Probability { get; set; } = [];

    [ColumnName(LabelName)]
    public int Label { get; set; }
}

/// <summary>Scores a row of a loaded carrier.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class ChoiceMapping : CustomMappingFactory<ChoiceInput, ChoiceOutput>
{
    public const string Kind = "choices";

    private const string Contract = "Microsoft.ML.MaskedDiffusion.Choices";

    public static IEstimator<ITransformer> Estimator(MLContext ml) => ml.Transforms.CustomMapping(new ChoiceMapping().GetMapping(), Contract);

    public static LoadedComputation<ChoiceComputation> Load(CarrierContents contents) => SavedModels.Load(
        contents, Kind, (model, settings) => new ChoiceComputation(model, SavedOptions.Read<ChoiceScoringEstimator.Options>(settings)));

    public override Action<ChoiceInput, ChoiceOutput> GetMapping()
    {
        var session = new CarrierSession<LoadedComputation<ChoiceComputation>>(Load);
        return (input, output) =>
        {
            var row = new ChoiceRow(input.Context.ToString(), [.. input.Choices.DenseValues().Select(text => text.ToString())]);
            ChoiceResult result = session.Get(input.Blob).Computation.Compute([row], CancellationToken.None)[0];
            (output.Score, output.Error, output.Probability, output.Label) = (result.Score, result.StandardError, result.Probability, (int)result.PredictedLabel);
        };
    }
}
