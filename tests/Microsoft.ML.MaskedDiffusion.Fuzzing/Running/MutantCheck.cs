using System.Globalization;
using System.Reflection;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Running;

/// <summary>
/// Opens mutants and judges what happens. A mutant loads, or is refused by a documented error that names the file, within five seconds and
/// twice the file and 64 MB of memory; nothing is written outside its folder, and no file stays open.
/// </summary>
/// <param name="format">What is opened.</param>
/// <param name="work">A folder for the mutants, which is empty.</param>
/// <param name="empty">Folders that nothing may be written to.</param>
internal sealed class MutantCheck(FuzzFormat format, string work, params string[] empty)
{
    private const int LongestMessage = 8000;
    private const long SpareBytes = 64L << 20;
    private const string Case = "case";

    /// <summary>Seconds of the processor that a mutant may take.</summary>
    public double MostSeconds { get; init; } = 5;

    /// <summary>The folder of the last mutant.</summary>
    public string Folder { get; } = Path.Combine(work, Case);

    /// <summary>The files of a mutant, which depend on its number and the seed alone.</summary>
    public FileSet Make(int seed, int index) => format.Mutate(new Random(unchecked(seed * 1_000_003 + index)));

    /// <summary>Makes and opens a mutant.</summary>
    public Verdict Check(int seed, int index) => Check(Make(seed, index), index);

    /// <summary>Opens the given files.</summary>
    public Verdict Check(FileSet files, int index)
    {
        if (Directory.Exists(Folder))
            Directory.Delete(Folder, recursive: true);
        files.Write(Folder);
        Exception? error = null;
        var peak = new PeakMemory();
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        TimeSpan started = Environment.CpuUsage.TotalTime;
        try
        {
            format.Open(Folder);
        }
        catch (Exception thrown)
        {
            error = thrown is TargetInvocationException or AggregateException && thrown.InnerException is { } inner ? inner : thrown;
        }
        // Of the processor, because other work on the machine must not count. One that waits for ever is ended by the supervisor.
        double seconds = (Environment.CpuUsage.TotalTime - started).TotalSeconds;
        long bytes = Math.Max(GC.GetTotalAllocatedBytes(precise: true) - allocated, peak.Growth);
        string? failure = error is null ? null : FaultOf(error, files);
        if (failure is null && seconds > MostSeconds)
            failure = string.Create(CultureInfo.InvariantCulture, $"it took more than {MostSeconds} seconds");
        if (failure is null && bytes > 2 * files.Length + SpareBytes && (error is null || format.IsOurMemory(error)))
            failure = "it took more memory than twice the file and 64 MB";
        failure ??= Left(files);
        return new Verdict(index, error?.GetType().Name ?? "loaded", failure, seconds, bytes, error is null ? null : $"{error}");
    }

    private string? FaultOf(Exception error, FileSet files)
    {
        if (!format.IsTyped(error))
            return $"{error.GetType().Name} is no documented error: {Where(error)}";
        if (error.Message.Length > LongestMessage)
            return $"its message is too long to be read: {Where(error)}";
        bool isNamed = error.Message.Contains(Folder, StringComparison.Ordinal)
            || files.Keys.Any(name => error.Message.Contains(Path.GetFileName(name), StringComparison.Ordinal));
        return isNamed ? null : $"its message names no file: {Where(error)}";
    }

    // The place in the library that an error came from, which tells kinds of failures from each other.
    private static string Where(Exception error)
    {
        string[] frames = [.. ($"{error.StackTrace}").Split('\n').Select(line => line.Trim())];
        string first = frames.FirstOrDefault(frame => frame.StartsWith("at Microsoft.ML.MaskedDiffusion.", StringComparison.Ordinal)
            && !frame.Contains(".Fuzzing.", StringComparison.Ordinal)) ?? frames[0];
        return first.Split(" in /")[0];
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
    }

    private string? Left(FileSet files)
    {
        if (Directory.EnumerateFileSystemEntries(work).FirstOrDefault(path => Path.GetFileName(path) != Case) is { } outside)
        {
            Remove(outside);
            return $"it wrote outside its folder, as {Path.GetExtension(outside)}";
        }
        foreach (string folder in empty)
        {
            string[] left = Directory.GetFileSystemEntries(folder);
            foreach (string path in left)
                Remove(path);
            if (left.Length > 0)
                return $"it left files in the {Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))} folder";
        }
        foreach (string name in files.Keys)
        {
            string path = Path.Combine(Folder, name);
            try
            {
                if (File.Exists(path))
                    new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
            }
            catch (IOException)
            {
                return $"a file is still open: {Path.GetExtension(name)}";
            }
        }
        return null;
    }
}
