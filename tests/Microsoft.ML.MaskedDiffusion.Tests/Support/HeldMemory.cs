namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What this process holds, measured to tell whether something grows.</summary>
internal static class HeldMemory
{
    /// <summary>
    /// The resident bytes after a collection, of which the managed heap counts with the objects that live. How much of what is free the
    /// garbage collector keeps for the next objects changes by dozens of megabytes.
    /// </summary>
    public static long Bytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        long heap = GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes;
        return Environment.WorkingSet - heap + GC.GetTotalMemory(forceFullCollection: false);
    }
}
