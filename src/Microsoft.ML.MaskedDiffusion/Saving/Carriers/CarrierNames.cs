using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>
/// Names inside a saved carrier, of the columns that pass between its steps and of its custom mappings. They are part of the file format. A
/// loaded custom mapping finds columns by fixed names only, so the user's columns are copied to and from these.
/// </summary>
internal static class CarrierNames
{
    public const string Key = "__mdm_key";
    public const string Blob = "__mdm_blob";
    public const string Values = "__mdm_values";
    public const string Offset = "__mdm_offset";
    public const string KeyContract = "Microsoft.ML.MaskedDiffusion.Key";
    public const string SpreadContract = "Microsoft.ML.MaskedDiffusion.Spread";

    /// <summary>The only key of the value map; the model's text is its value.</summary>
    public const int BlobKey = 1;
}

/// <summary>The input of a mapping that needs none.</summary>
internal sealed class CarrierNoInput
{
}

/// <summary>The column with the constant key by which the value map finds the model's text.</summary>
internal sealed class CarrierKeyRow
{
    [ColumnName(CarrierNames.Key)]
    public int Key { get; set; }
}

/// <summary>Gives every row that key.</summary>
[CustomMappingFactoryAttribute(CarrierNames.KeyContract)]
internal sealed class CarrierKeyFactory : CustomMappingFactory<CarrierNoInput, CarrierKeyRow>
{
    public override Action<CarrierNoInput, CarrierKeyRow> GetMapping() => Map;

    internal static void Map(CarrierNoInput input, CarrierKeyRow output) => output.Key = CarrierNames.BlobKey;
}
