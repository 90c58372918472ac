namespace Microsoft.ML.Runtime;

/// <summary>What components run in: channels, random numbers, the catalog of extensions.</summary>
public interface IHostEnvironment : IChannelProvider, IProgressChannelProvider
{
    ComponentCatalog ComponentCatalog { get; }

    /// <summary>A host for one component; without a seed its random numbers come from this environment's.</summary>
    IHost Register(string name, int? seed = null, bool? verbose = null);
}
