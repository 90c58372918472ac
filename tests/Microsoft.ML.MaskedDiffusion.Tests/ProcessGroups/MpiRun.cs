using System.Diagnostics;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Processes that MPICH's mpiexec has started. Where MPICH is not installed the test is counted as not run.
/// </summary>
internal sealed class MpiRun : IDisposable
{
    private static readonly string[] Launchers = ["mpiexec.mpich", "mpiexec.hydra"];

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Lock _lock = new();

    private MpiRun(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Both streams of all ranks so far.</summary>
    public string Output
    {
        get
        {
            lock (_lock)
                return _output.ToString();
        }
    }

    /// <summary>Where an assembly beside the tests' own is.</summary>
    public static string PathOf(string assembly) => Path.Combine(Path.GetDirectoryName(typeof(MpiRun).Assembly.Location)!, assembly);

    /// <summary>Starts an assembly beside the tests' own on so many ranks.</summary>
    public static MpiRun Start(int ranks, string assembly, params IEnumerable<string> arguments) =>
        Start([Launcher()], ranks, assembly, arguments);

    /// <summary>Starts an assembly on two ranks, one on each host.</summary>
    public static MpiRun Start(TwoHosts hosts, string assembly, params IEnumerable<string> arguments) =>
        Start(hosts.Launcher(Launcher()), 2, assembly, arguments);

    private static MpiRun Start(string[] launcher, int ranks, string assembly, IEnumerable<string> arguments)
    {
        string[] rest = [.. launcher[1..], "-n", $"{ranks}", "dotnet", "exec", PathOf(assembly), .. arguments];
        var start = new ProcessStartInfo(launcher[0], rest) { RedirectStandardOutput = true, RedirectStandardError = true };
        // More ranks than cores: each computes on one thread, and none of torch's waits for work in a loop.
        start.Environment["DOTNET_PROCESSOR_COUNT"] = "1";
        start.Environment["OMP_NUM_THREADS"] = "1";
        // They end before profiles of their code pay, and some are killed, which would leave the debugger's pipes in the temporary folder.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return new MpiRun(new Process { StartInfo = start });
    }

    /// <summary>Runs an assembly to its end, which has to be a good one; returns the output.</summary>
    public static string Run(int ranks, string assembly, params IEnumerable<string> arguments)
    {
        using MpiRun run = Start(ranks, assembly, arguments);
        Assert.AreEqual(0, run.WaitForEnd(), run.Output);
        return run.Output;
    }

    /// <summary>Waits for the end of all ranks, and returns mpiexec's exit code.</summary>
    public int WaitForEnd()
    {
        Assert.IsTrue(_process.WaitForExit(TimeSpan.FromMinutes(2)), $"The ranks do not end:\n{Output}");
        // Waits for what is left of the streams.
        _process.WaitForExit();
        return _process.ExitCode;
    }

    /// <summary>Waits until the output holds a text.</summary>
    public void WaitFor(string text) => WaitFor(() => Output.Contains(text, StringComparison.Ordinal), $"'{text}'");

    /// <summary>Waits for something that the ranks do.</summary>
    public void WaitFor(Func<bool> isDone, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!isDone())
        {
            Assert.IsTrue(!_process.HasExited && clock.Elapsed < TimeSpan.FromMinutes(2), $"{what} does not come:\n{Output}");
            _process.WaitForExit(20);
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static string Launcher() => Launchers.Select(Find).FirstOrDefault(path => path is not null) ?? NotInstalled();

    private static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static string NotInstalled()
    {
        Assert.Inconclusive("Several processes need MPICH (Debian and Ubuntu: apt-get install mpich).");
        return "";
    }

    private void Take(string? line)
    {
        lock (_lock)
            _output.Append(line).Append('\n');
    }
}
