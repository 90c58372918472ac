using System.Diagnostics;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>Starts this program once more, for work that needs a process of its own.</summary>
internal static class ChildProcess
{
    /// <summary>
    /// How to start this program with other arguments, whether it runs as an executable of its own or as `dotnet program.dll`. The caller
    /// may add to it.
    /// </summary>
    public static ProcessStartInfo WithArguments(params string[] arguments)
    {
        string program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program);
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return start;
    }

    /// <summary>What a child process prints, without the line break at the end.</summary>
    /// <exception cref="InvalidOperationException">It ends with an error; the message has what it said.</exception>
    public static string Output(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.Trim()
            : throw new InvalidOperationException($"A child process ended with exit code {process.ExitCode}: {errors.Result.Trim()}");
    }
}
