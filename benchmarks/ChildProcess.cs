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
}
