using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

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
    public const string ScoreName = "__mdm_score", ErrorName = "__mdm_error", LikelihoodName = "__mdm_likelihood", PerCharacterName = "__mdm_character",
        PerByteName = "__mdm_byte", ProbabilityName = "__mdm_probability", LabelName = "__mdm_label";

    [ColumnName(ScoreName)]
    public float[] Score { get; set; } = [];

    [ColumnName(ErrorName)]
    public float[] Error { get; set; } = [];

    [ColumnName(LikelihoodName)]
    public float[] LogLikelihood { get; set; } = [];

    [ColumnName(PerCharacterName)]
    public float[] PerCharacter { get; set; } = [];

    [ColumnName(PerByteName)]
    public float[] PerByte { get; set; } = [];

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
            float[] All(Func<OptionScore, float> read) => [.. result.Options.Select(read)];
            (output.Score, output.Error, output.LogLikelihood) = (All(option => option.Score), All(option => option.StandardError), All(option => option.LogLikelihood));
            (output.PerCharacter, output.PerByte, output.Probability) = (All(option => option.PerCharacter), All(option => option.PerByte), All(option => option.Probability));
            output.Label = (int)result.PredictedLabel;
        };
    }
}
