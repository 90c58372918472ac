namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>
/// Names inside a saved carrier: of the columns that pass between its steps, and of its custom mappings. They are part of the file format.
/// A loaded custom mapping binds columns by fixed names only, so user columns are copied in and out under these.
/// </summary>
internal static class CarrierNames
{
    public const string Key = "__mdm_key";
    public const string Blob = "__mdm_blob";
    public const string Values = "__mdm_values";
    public const string Offset = "__mdm_offset";
    public const string KeyContract = "Microsoft.ML.MaskedDiffusion.Key";
    public const string SpreadContract = "Microsoft.ML.MaskedDiffusion.Spread";

    /// <summary>The one key under which the blob stands in the value map.</summary>
    public const int BlobKey = 1;
}
