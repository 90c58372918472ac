using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>What a transformer gives to be carried by stock transformers through save and load.</summary>
internal sealed record CarrierPlan
{
    /// <summary>The name of the transform, by which it is built again.</summary>
    public required string Kind { get; init; }

    public required JsonElement Settings { get; init; }

    /// <summary>Writes the body: the model's file.</summary>
    public required Action<Stream> WriteBody { get; init; }

    /// <summary>About how many bytes that will be.</summary>
    public required long EstimatedLength { get; init; }

    /// <summary>The user's columns and the names under which the score mapping reads them.</summary>
    public required IReadOnlyList<(InputColumn User, string CarrierName)> Inputs { get; init; }

    public required IReadOnlyList<CarrierOutput> Outputs { get; init; }

    /// <summary>The custom mapping, by contract name, that scores a row.</summary>
    public required Func<MLContext, IEstimator<ITransformer>> Score { get; init; }

    /// <summary>A schema with the user's input columns, to fit the carrier on.</summary>
    public DataViewSchema InputSchema
    {
        get
        {
            var builder = new DataViewSchema.Builder();
            foreach (InputColumn input in Inputs.Select(pair => pair.User).DistinctBy(input => input.Name))
                builder.AddColumn(input.Name, input.Kind == ColumnKind.Texts ? new VectorDataViewType(TextDataViewType.Instance)
                    : TextDataViewType.Instance);
            return builder.ToSchema();
        }
    }
}
