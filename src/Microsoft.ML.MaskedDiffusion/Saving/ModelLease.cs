
namespace Microsoft.ML.MaskedDiffusion.Saving;

/// <summary>
/// A share in a loaded model. Loaded twice from the same bytes, a model is in memory once; it is disposed with its last lease, or left to
/// the garbage collector where nobody disposes (ML.NET's own loaded mappings cannot).
/// </summary>
internal sealed class ModelLease : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, WeakReference<Shared>> Models = new(StringComparer.Ordinal);

    private readonly Shared _shared;
    private bool _disposed;

    private ModelLease(Shared shared) => _shared = shared;

    public MaskedDiffusionModel Model => _shared.Model;

    /// <summary>Leases the model of a key, loading it if no lease of it is alive.</summary>
    public static ModelLease Acquire(string key, Func<MaskedDiffusionModel> load)
    {
        lock (Gate)
        {
            if (Models.TryGetValue(key, out WeakReference<Shared>? reference) && reference.TryGetTarget(out Shared? shared)
                && shared.Leases > 0)
            {
                shared.Leases++;
                return new ModelLease(shared);
            }
            foreach (string dead in Models.Where(pair => !pair.Value.TryGetTarget(out _)).Select(pair => pair.Key).ToList())
                Models.Remove(dead);
            shared = new Shared(load()) { Leases = 1 };
            Models[key] = new WeakReference<Shared>(shared);
            return new ModelLease(shared);
        }
    }

    public void Dispose()
    {
        lock (Gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            if (--_shared.Leases == 0)
                _shared.Model.Dispose();
        }
    }

    private sealed class Shared(MaskedDiffusionModel model)
    {
        public MaskedDiffusionModel Model => model;

        public int Leases { get; set; }
    }
}
