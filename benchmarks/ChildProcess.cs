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

    /// <summary>How to start this program on so many ranks, by MPICH's mpiexec.</summary>
    /// <param name="ranks">The number of processes.</param>
    /// <param name="options">Options of mpiexec.</param>
    /// <param name="arguments">What each of them gets.</param>
    public static ProcessStartInfo OnRanks(int ranks, string[] options, params string[] arguments)
    {
        ProcessStartInfo own = WithArguments(arguments);
        return new ProcessStartInfo("mpiexec.mpich", ["-n", $"{ranks}", .. options, own.FileName, .. own.ArgumentList]);
    }

    /// <summary>What a child process prints, without the line break at the end.</summary>
    /// <param name="start">How to start it.</param>
    /// <param name="limit">How long it may take; null for any time.</param>
    /// <exception cref="InvalidOperationException">It ends with an error; the message has what it said.</exception>
    /// <exception cref="TimeoutException">It was stopped at the limit.</exception>
    public static string Output(ProcessStartInfo start, TimeSpan? limit = null)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(limit ?? Timeout.InfiniteTimeSpan))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException("A child process was stopped at its limit.");
        }
        return process.ExitCode == 0
            ? output.Result.Trim()
            : throw new InvalidOperationException($"A child process ended with exit code {process.ExitCode}: {errors.Result.Trim()}");
    }
}
