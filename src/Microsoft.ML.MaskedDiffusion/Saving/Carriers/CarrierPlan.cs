using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>What a transformer provides so that ML.NET's own transformers can carry it through saving and loading.</summary>
internal sealed record CarrierPlan
{
    /// <summary>The name of the transform; loading finds the code for it by this name.</summary>
    public required string Kind { get; init; }

    /// <summary>The transform's options.</summary>
    public required JsonElement Settings { get; init; }

    /// <summary>Writes the body, which is the model as an archive.</summary>
    public required Action<Stream> WriteBody { get; init; }

    /// <summary>The approximate length of the body in bytes.</summary>
    public required long EstimatedLength { get; init; }

    /// <summary>The user's columns and the names under which the scoring step reads them.</summary>
    public required IReadOnlyList<(InputColumn User, string CarrierName)> Inputs { get; init; }

    /// <summary>What becomes of the values of the scoring step.</summary>
    public required IReadOnlyList<CarrierOutput> Outputs { get; init; }

    /// <summary>Makes the custom mapping that scores a row; ML.NET finds it again by its contract name.</summary>
    public required Func<MLContext, IEstimator<ITransformer>> Score { get; init; }

    /// <summary>A schema with the user's input columns, on which the carrier is fitted.</summary>
    public DataViewSchema InputSchema
    {
        get
        {
            var builder = new DataViewSchema.Builder();
            foreach (InputColumn input in Inputs.Select(pair => pair.User).DistinctBy(input => input.Name))
            {
                TextDataViewType text = TextDataViewType.Instance;
                builder.AddColumn(input.Name, input.Kind == ColumnKind.Texts ? new VectorDataViewType(text) : text);
            }
            return builder.ToSchema();
        }
    }
}
