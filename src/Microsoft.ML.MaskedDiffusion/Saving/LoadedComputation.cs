namespace Microsoft.ML.MaskedDiffusion.Saving;

/// <summary>A computation built from saved data, and its hold on the model that it shares with others of the same data.</summary>
internal sealed record LoadedComputation<T>(T Computation, ModelLease Lease);
