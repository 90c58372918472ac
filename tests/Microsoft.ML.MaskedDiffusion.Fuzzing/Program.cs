using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Running;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing;

/// <summary>Opens altered files of every format; docs/architecture.md, "Files that are not as they should be".</summary>
internal static class Program
{
    private const string Usage = """
        run [MUTANTS [SEED [FORMAT ...]]]    opens so many mutants of each format (1000, seed 1, all formats) and prints a table
        inputs FORMAT FOLDER                 writes the inputs to begin with for a fuzzer that is guided by coverage
        guided FORMAT                        runs under AFL++: see README.md
        one FORMAT SEED NUMBER [FOLDER]      opens one mutant, prints what happens, and keeps its files in the folder
        """;

    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["work", var format, var seed, var from, var to]:
                Worker.Run(format, Number(seed), Number(from), Number(to));
                return 0;
            case ["one", var format, var seed, var index, .. var rest]:
                return One(format, Number(seed), Number(index), rest is [var folder] ? folder : null);
            case ["inputs", var format, var place]:
                Guided.WriteInputs(format, place);
                return 0;
            case ["guided", var format]:
                Guided.Run(format);
                return 0;
            case ["run", .. var rest]:
                return Run(rest);
            default:
                Console.WriteLine(Usage);
                return 2;
        }
    }

    private static int Run(string[] rest)
    {
        int mutants = rest.Length > 0 ? Number(rest[0]) : 1000, seed = rest.Length > 1 ? Number(rest[1]) : 1;
        IReadOnlyList<string> formats = rest.Length > 2 ? rest[2..] : AllFormats.Names;
        var supervisor = new Supervisor(seed, Path.GetFullPath(Path.Combine("artifacts", "fuzzing")));
        var lines = new List<string>();
        int failures = 0;
        foreach (string format in formats)
        {
            FormatResult result = supervisor.Run(format, 0, mutants);
            failures += result.Failures;
            lines.Add($"{result}");
            Console.WriteLine(lines[^1]);
        }
        Console.WriteLine($"\nSeed {seed}.\n{FormatResult.Header}\n{string.Join('\n', lines)}");
        return failures == 0 ? 0 : 1;
    }

    private static int One(string format, int seed, int index, string? folder)
    {
        string work = folder is null ? Directory.CreateTempSubdirectory("mdm-fuzz-").FullName : Directory.CreateDirectory(folder).FullName;
        var check = new MutantCheck(AllFormats.Find(format), work);
        Verdict verdict = check.Check(seed, index);
        Console.WriteLine($"{verdict.Outcome}, {verdict.Seconds:F2} s, {verdict.Bytes >> 20} MB: {verdict.Failure ?? "as it should be"}\n"
            + verdict.Message);
        if (folder is null)
            Directory.Delete(work, recursive: true);
        else
            check.Make(seed, index).Write(check.Folder);
        return verdict.Failure is null ? 0 : 1;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
