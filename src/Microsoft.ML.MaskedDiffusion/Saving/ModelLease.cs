namespace Microsoft.ML.MaskedDiffusion.Saving;

/// <summary>
/// A model loaded from a saved pipeline. Loaded twice from the same bytes, its weights are in memory once. Each lease has a model of its
/// own all the same: whoever disposes the lease or its model takes it from nobody else. The weights are freed with the last of them, or
/// left to the garbage collector where nobody disposes (ML.NET's own loaded mappings cannot).
/// </summary>
internal sealed class ModelLease : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, WeakReference<Shared>> Models = new(StringComparer.Ordinal);

    private ModelLease(MaskedDiffusionModel model) => Model = model;

    public MaskedDiffusionModel Model { get; }

    /// <summary>Leases the model of a key, loading it if no lease of it is alive.</summary>
    public static ModelLease Acquire(string key, Func<MaskedDiffusionModel> load)
    {
        lock (Gate)
        {
            if (Models.TryGetValue(key, out WeakReference<Shared>? reference) && reference.TryGetTarget(out Shared? shared)
                && shared.Leases > 0)
                return shared.Lease();
            foreach (string dead in Models.Where(pair => !pair.Value.TryGetTarget(out _)).Select(pair => pair.Key).ToList())
                Models.Remove(dead);
            shared = new Shared(load());
            Models[key] = new WeakReference<Shared>(shared);
            return shared.Lease();
        }
    }

    public void Dispose() => Model.Dispose();

    /// <summary>The weights, which no user sees, so that none can dispose them.</summary>
    private sealed class Shared(MaskedDiffusionModel model)
    {
        /// <summary>Models that were given out and are not disposed.</summary>
        public int Leases { get; private set; }

        public ModelLease Lease()
        {
            var lease = new ModelLease(model.Share(Release));
            Leases++;
            return lease;
        }

        private void Release()
        {
            lock (Gate)
            {
                if (--Leases == 0)
                    model.Dispose();
            }
        }
    }
}
