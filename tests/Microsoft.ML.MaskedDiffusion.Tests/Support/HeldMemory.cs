namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What this process holds, measured to tell whether something grows.</summary>
internal static class HeldMemory
{
    /// <summary>
    /// The resident bytes after a collection that gives back all that is free: how much of it the garbage collector would keep for the next
    /// objects changes by dozens of megabytes.
    /// </summary>
    public static long Bytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        // What holds native memory is given back by its finalizer, which this collection may have been the first to ask for.
        GC.WaitForPendingFinalizers();
        return Environment.WorkingSet;
    }
}
