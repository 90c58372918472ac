using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Running;

/// <summary>Opens mutants in a process that may crash or hang, and prints a line before and a verdict after each.</summary>
internal static class Worker
{
    public const char Begin = '>', End = '=';

    public static void Run(string format, int seed, int from, int to)
    {
        // The supervisor has given this process a working folder and a temporary folder of its own, in which nothing may be left.
        string here = Environment.CurrentDirectory, temporary = Path.GetTempPath();
        FuzzFormat fuzzed = AllFormats.Find(format);
        _ = fuzzed.Seeds.Count;
        string work = Path.Combine(Path.GetDirectoryName(here)!, "work");
        var check = new MutantCheck(fuzzed, work, here, temporary);
        using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        for (int index = from; index < to; index++)
        {
            output.WriteLine($"{Begin}{index}");
            Verdict verdict = check.Check(seed, index);
            output.WriteLine(End + JsonSerializer.Serialize(verdict));
        }
    }
}
