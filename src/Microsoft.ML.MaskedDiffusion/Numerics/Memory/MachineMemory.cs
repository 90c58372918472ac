using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Memory;

/// <summary>
/// The memory that this process may take: the machine's, or less where the control groups of Linux limit it, as a container's do. What .NET
/// counts with is the most for its own heap, three quarters of a container's memory, and weights are outside that heap.
/// </summary>
internal static class MachineMemory
{
    private const string Groups = "sys/fs/cgroup";

    /// <summary>Bytes; where the system does not say them as Linux does, those that .NET counts with.</summary>
    public static long Bytes => (OperatingSystem.IsLinux() ? Read("/") : null) ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Bytes as the files of Linux say them; null where they say nothing.</summary>
    /// <param name="root">The folder in which proc and sys are.</param>
    internal static long? Read(string root)
    {
        string? total = Lines(root, "proc/meminfo").FirstOrDefault(line => line.StartsWith("MemTotal:", StringComparison.Ordinal));
        if (Number(total?.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1)) is not { } kibibytes)
            return null;
        IEnumerable<long> limits = Lines(root, "proc/self/cgroup").SelectMany(LimitFiles)
            .Select(file => Number(Lines(root, file).FirstOrDefault())).OfType<long>();
        return limits.Append(1024 * kibibytes).Min();
    }

    // A line is "number:controllers:group", without controllers in version 2. Groups above a group limit it too. In a container its own
    // group may be the root of what it sees, under a name whose folders are not there: they are passed over.
    private static IEnumerable<string> LimitFiles(string line)
    {
        string[] parts = line.Split(':', 3);
        if (parts.Length < 3)
            return [];
        bool isSecond = parts[1].Length == 0;
        if (!isSecond && !parts[1].Split(',').Contains("memory"))
            return [];
        (string folder, string file) = isSecond ? (Groups, "memory.max") : (Groups + "/memory", "memory.limit_in_bytes");
        string[] names = parts[2].Split('/', StringSplitOptions.RemoveEmptyEntries);
        return Enumerable.Range(0, names.Length + 1).Select(count => string.Join('/', names.Take(count).Prepend(folder).Append(file)));
    }

    // Null for "max", which is no limit.
    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static string[] Lines(string root, string file)
    {
        string path = Path.Combine(root, file);
        try
        {
            return File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
