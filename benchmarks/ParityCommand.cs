using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>
/// Runs the golden tests, which hold this library against figures of the reference implementation, and prints the table that they write.
/// </summary>
internal static class ParityCommand
{
    public static Subcommand Command()
    {
        var command = new Subcommand("parity",
            "compare this library with recorded figures of the reference implementation, "
            + "print the table and write it to artifacts/parity.md; "
            + "takes some minutes. The environment variable MDM_GOLDEN may name a folder with more of these "
            + "figures than the repository holds.");
        command.SetAction((_, cancellation) => Task.Run(() => Run(cancellation), CancellationToken.None));
        return command;
    }

    private static async Task<int> Run(CancellationToken cancellation)
    {
        string root = RepositoryRoot();
        string artifacts = Directory.CreateDirectory(Path.Combine(root, "artifacts")).FullName;
        string table = Path.Combine(artifacts, "parity.md");
        File.Delete(table);
        string tests = Path.Combine(root, "tests", "Microsoft.ML.MaskedDiffusion.Tests");
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = root };
        foreach (string argument in (string[])["test", tests, "-c", "Release", "--nologo", "--filter", "FullyQualifiedName~Golden"])
            start.ArgumentList.Add(argument);
        start.Environment["MDM_PARITY"] = table;
        // Tests run in another working directory, so a relative path must become an absolute one.
        if (Environment.GetEnvironmentVariable("MDM_GOLDEN") is { Length: > 0 } golden)
            start.Environment["MDM_GOLDEN"] = Path.GetFullPath(golden);
        using Process process = Process.Start(start)!;
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        if (!File.Exists(table))
        {
            Console.Error.WriteLine("error: the golden tests wrote no figures. Their output above says why.");
            return process.ExitCode == 0 ? 1 : process.ExitCode;
        }
        Console.WriteLine();
        Console.Write(File.ReadAllText(table));
        return process.ExitCode;
    }

    // The tests are sources of this repository, so this command works only where it was built.
    private static string RepositoryRoot([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, ".."));
}
