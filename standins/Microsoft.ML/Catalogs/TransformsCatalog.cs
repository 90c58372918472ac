namespace Microsoft.ML;

/// <summary>Where transforms hang as extension methods.</summary>
public sealed partial class TransformsCatalog
{
    internal TransformsCatalog(IHostEnvironment environment)
    {
        Environment = environment;
        Conversion = new ConversionTransforms(environment);
    }

    public ConversionTransforms Conversion { get; }

    internal IHostEnvironment Environment { get; }
}
