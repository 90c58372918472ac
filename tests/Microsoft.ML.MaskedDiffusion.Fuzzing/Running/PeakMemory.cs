using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Running;

/// <summary>By how much the process grows at most, native memory included. Only Linux tells; elsewhere it is 0.</summary>
internal sealed class PeakMemory
{
    private const string Status = "/proc/self/status", Reset = "/proc/self/clear_refs";

    private readonly long _before;

    public PeakMemory()
    {
        if (!OperatingSystem.IsLinux())
            return;
        // The largest size so far becomes the size of now.
        File.WriteAllText(Reset, "5");
        _before = Read("VmRSS:");
    }

    /// <summary>Bytes of growth since the beginning.</summary>
    public long Growth => OperatingSystem.IsLinux() ? Math.Max(0, Read("VmHWM:") - _before) : 0;

    private static long Read(string field)
    {
        string line = File.ReadLines(Status).First(text => text.StartsWith(field, StringComparison.Ordinal));
        string number = line[field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
        return long.Parse(number, CultureInfo.InvariantCulture) << 10;
    }
}
