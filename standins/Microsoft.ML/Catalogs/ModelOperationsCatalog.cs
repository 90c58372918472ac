namespace Microsoft.ML;

/// <summary>Saving, loading and using fitted models.</summary>
public sealed partial class ModelOperationsCatalog
{
    internal ModelOperationsCatalog(IHostEnvironment environment) => Environment = environment;

    internal IHostEnvironment Environment { get; }
}
