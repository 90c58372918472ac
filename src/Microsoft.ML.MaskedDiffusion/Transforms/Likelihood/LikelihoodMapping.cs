using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;

/// <summary>What the saved likelihood mapping reads of a row.</summary>
internal sealed class LikelihoodInput
{
    public const string TextName = "__mdm_text", ContextName = "__mdm_context";

    [ColumnName(CarrierNames.Blob)]
    public VBuffer<ReadOnlyMemory<char>> Blob { get; set; }

    [ColumnName(TextName)]
    public ReadOnlyMemory<char> Text { get; set; }

    [ColumnName(ContextName)]
    public ReadOnlyMemory<char> Context { get; set; }
}

/// <summary>What the saved likelihood mapping adds.</summary>
internal sealed class LikelihoodOutput
{
    public const string ValueName = "__mdm_nll", ErrorName = "__mdm_error", CountName = "__mdm_count", PerCharacterName = "__mdm_character", PerByteName = "__mdm_byte";

    [ColumnName(ValueName)]
    public float Value { get; set; }

    [ColumnName(ErrorName)]
    public float Error { get; set; }

    [ColumnName(CountName)]
    public int Count { get; set; }

    [ColumnName(PerCharacterName)]
    public float PerCharacter { get; set; }

    [ColumnName(PerByteName)]
    public float PerByte { get; set; }
}

/// <summary>Scores a row of a loaded carrier.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class LikelihoodMapping : CustomMappingFactory<LikelihoodInput, LikelihoodOutput>
{
    public const string Kind = "likelihood";

    private const string Contract = "Microsoft.ML.MaskedDiffusion.Likelihood";

    public static IEstimator<ITransformer> Estimator(MLContext ml) => ml.Transforms.CustomMapping(new LikelihoodMapping().GetMapping(), Contract);

    public static LoadedComputation<LikelihoodComputation> Load(CarrierContents contents) => SavedModels.Load(
        contents, Kind, (model, settings) => new LikelihoodComputation(model, SavedOptions.Read<LikelihoodScoringEstimator.Options>(settings)));

    public override Action<LikelihoodInput, LikelihoodOutput> GetMapping()
    {
        var session = new CarrierSession<LoadedComputation<LikelihoodComputation>>(Load);
        return (input, output) =>
        {
            LikelihoodComputation computation = session.Get(input.Blob).Computation;
            var row = new ScoredText(computation.Options.ContextColumnName is null ? null : input.Context.ToString(), input.Text.ToString());
            LikelihoodResult result = computation.Compute([row], CancellationToken.None)[0];
            (output.Value, output.Error, output.Count) = (result.NegativeLogLikelihood, result.StandardError, result.TokenCount);
            (output.PerCharacter, output.PerByte) = (result.PerCharacter, result.PerByte);
        };
    }
}
