using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>A mapping's input when it needs none.</summary>
internal sealed class CarrierNoInput
{
}

/// <summary>The constant key column by which the value map finds the blob.</summary>
internal sealed class CarrierKeyRow
{
    [ColumnName(CarrierNames.Key)]
    public int Key { get; set; }
}

/// <summary>Gives every row the blob's key.</summary>
[CustomMappingFactoryAttribute(CarrierNames.KeyContract)]
internal sealed class CarrierKeyFactory : CustomMappingFactory<CarrierNoInput, CarrierKeyRow>
{
    public override Action<CarrierNoInput, CarrierKeyRow> GetMapping() => Map;

    internal static void Map(CarrierNoInput input, CarrierKeyRow output) => output.Key = CarrierNames.BlobKey;
}
