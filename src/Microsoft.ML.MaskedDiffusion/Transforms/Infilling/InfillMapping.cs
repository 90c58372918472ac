using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Transforms.Infilling;

/// <summary>What the saved infill mapping reads of a row.</summary>
internal sealed class InfillInput
{
    public const string TextName = "__mdm_text";

    [ColumnName(CarrierNames.Blob)]
    public VBuffer<ReadOnlyMemory<char>> Blob { get; set; }

    [ColumnName(TextName)]
    public ReadOnlyMemory<char> Text { get; set; }
}

/// <summary>What the saved infill mapping adds.</summary>
internal sealed class InfillOutput
{
    public const string FilledName = "__mdm_filled";

    [ColumnName(FilledName)]
    public string Filled { get; set; } = "";
}

/// <summary>Fills a row of a loaded carrier.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class InfillMapping : CustomMappingFactory<InfillInput, InfillOutput>
{
    public const string Kind = "infill";

    private const string Contract = "Microsoft.ML.MaskedDiffusion.Infill";

    public static IEstimator<ITransformer> Estimator(MLContext ml) => ml.Transforms.CustomMapping(new InfillMapping().GetMapping(), Contract);

    public static LoadedComputation<InfillComputation> Load(CarrierContents contents) => SavedModels.Load(
        contents, Kind, (model, settings) => new InfillComputation(model, SavedOptions.Read<InfillEstimator.Options>(settings)));

    public override Action<InfillInput, InfillOutput> GetMapping()
    {
        var session = new CarrierSession<LoadedComputation<InfillComputation>>(Load);
        return (input, output) => output.Filled = session.Get(input.Blob).Computation.Compute([input.Text.ToString()], CancellationToken.None)[0];
    }
}
