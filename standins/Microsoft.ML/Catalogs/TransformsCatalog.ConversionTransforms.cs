namespace Microsoft.ML;

public sealed partial class TransformsCatalog
{
    /// <summary>Where conversions between column types hang as extension methods.</summary>
    public sealed partial class ConversionTransforms
    {
        internal ConversionTransforms(IHostEnvironment environment) => Environment = environment;

        internal IHostEnvironment Environment { get; }
    }
}
