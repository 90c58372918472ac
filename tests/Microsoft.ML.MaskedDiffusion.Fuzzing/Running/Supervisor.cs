using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Running;

/// <summary>
/// Runs the mutants of a format in processes of their own, and goes on behind a mutant that ends or holds up its process.
/// </summary>
internal sealed class Supervisor(int seed, string failures)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs all mutants from a number up to another, which is not run.</summary>
    public FormatResult Run(string format, int from, int to)
    {
        var result = new FormatResult(format);
        while (from < to)
            from = RunOne(format, from, to, result);
        return result;
    }

    // Where the process came to.
    private int RunOne(string format, int from, int to, FormatResult result)
    {
        string folder = Directory.CreateTempSubdirectory("mdm-fuzz-").FullName;
        string here = Directory.CreateDirectory(Path.Combine(folder, "here")).FullName;
        string temporary = Directory.CreateDirectory(Path.Combine(folder, "temporary")).FullName;
        Directory.CreateDirectory(Path.Combine(folder, "work"));
        try
        {
            using Process process = Start(format, from, to, here, temporary);
            Task<string> errors = process.StandardError.ReadToEndAsync();
            int begun = from - 1, done = from - 1;
            string? stopped = null;
            while (true)
            {
                Task<string?> reading = process.StandardOutput.ReadLineAsync();
                if (!reading.Wait(Patience))
                {
                    stopped = "it hangs";
                    process.Kill(entireProcessTree: true);
                    break;
                }
                if (reading.Result is not { } line)
                    break;
                if (line.StartsWith(Worker.Begin))
                {
                    begun = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
                }
                else if (line.StartsWith(Worker.End))
                {
                    Verdict verdict = JsonSerializer.Deserialize<Verdict>(line.AsSpan(1))!;
                    done = verdict.Index;
                    Take(format, result, verdict);
                }
            }
            process.WaitForExit();
            if (done == to - 1)
                return to;
            if (begun == done)
                throw new InvalidOperationException($"The process for {format} ended without a mutant: {errors.Result}");
            string outcome = stopped is null ? "crash" : "hang", failure = stopped ?? "it ended the process";
            Take(format, result, new Verdict(begun, outcome, failure, Patience.TotalSeconds, 0, errors.Result));
            return begun + 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private Process Start(string format, int from, int to, string here, string temporary)
    {
        string program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = here,
        };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(typeof(Supervisor).Assembly.Location);
        foreach (object argument in new object[] { "work", format, seed, from, to })
            start.ArgumentList.Add(Convert.ToString(argument, CultureInfo.InvariantCulture)!);
        (start.Environment["TMPDIR"], start.Environment["TEMP"], start.Environment["TMP"]) = (temporary, temporary, temporary);
        // The runtime's own pipes for debuggers would lie in the temporary folder.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return Process.Start(start)!;
    }

    // What the first mutant of each kind of failure said is kept; its number makes its files again.
    private void Take(string format, FormatResult result, Verdict verdict)
    {
        if (!result.Add(verdict))
            return;
        string kept = Path.Combine(failures, $"{format}-{verdict.Index}");
        Console.WriteLine($"  {format} {verdict.Index}: {verdict.Failure}");
        if (Directory.Exists(kept))
            Directory.Delete(kept, recursive: true);
        Directory.CreateDirectory(kept);
        File.WriteAllText(Path.Combine(kept, "verdict.txt"), $"{verdict.Failure}\n\n{verdict.Message}\n");
    }
}
