using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Ranks;

/// <summary>
/// A training of one network on so many ranks of one core each, or in one process with a number of cores. Measured in processes of their
/// own, which mpiexec has bound to their cores.
/// </summary>
/// <param name="Size">The network, by the name of a preset.</param>
/// <param name="Vocabulary">Tokens of its vocabulary.</param>
/// <param name="Length">Tokens of a sequence.</param>
/// <param name="Rows">Sequences of a step, over all ranks.</param>
/// <param name="Ranks">The number of ranks.</param>
/// <param name="Cores">Cores of each.</param>
/// <param name="VirtualRanks">The number of ranks that they stand for.</param>
/// <param name="Steps">Steps that are measured.</param>
internal sealed record RankPoint(
    string Size, int Vocabulary, int Length, int Rows, int Ranks, int Cores, int VirtualRanks, int Steps)
{
    // In these the memory comes in, and the compiler, which has no core of its own, makes the code fast.
    private const int UncountedSteps = 6;

    /// <summary>The figures of the first rank: medians over the steps, in seconds.</summary>
    /// <param name="Step">A whole step.</param>
    /// <param name="Reducing">The part of it in which gradients are summed over the ranks.</param>
    /// <param name="Other">The part in which ranks tell each other about a step, waiting for the slowest included.</param>
    internal sealed record Figures(double Step, double Reducing, double Other);

    /// <summary>The network's shape.</summary>
    public TransformerConfig Config => TransformerConfig.FromPreset(Size) with { VocabularySize = Vocabulary, ContextLength = Length };

    /// <summary>Measures in child processes.</summary>
    public Figures Measure()
    {
        string[] arguments = ["ranks-child", JsonSerializer.Serialize(this)];
        ProcessStartInfo start = ChildProcess.OnRanks(Ranks, ["-bind-to", $"core:{Cores}"], arguments);
        foreach (string variable in new[] { "DOTNET_PROCESSOR_COUNT", "OMP_NUM_THREADS", "MKL_NUM_THREADS" })
            start.Environment[variable] = Cores.ToString(CultureInfo.InvariantCulture);
        return JsonSerializer.Deserialize<Figures>(ChildProcess.Output(start))!;
    }

    /// <summary>The work of a child process, of which the first rank prints the figures.</summary>
    public static int RunChild(string arguments)
    {
        RankPoint point = JsonSerializer.Deserialize<RankPoint>(arguments)!;
        using MpiProcessGroup group = MpiProcessGroup.Start();
        Figures figures = point.MeasureHere(group);
        if (group.Rank == 0)
            Console.WriteLine(JsonSerializer.Serialize(figures));
        return 0;
    }

    private Figures MeasureHere(IProcessGroup group)
    {
        var timed = new TimedGroup(group);
        using var network = new TransformerNetwork(Config, torch.CPU);
        network.Initialize(1);
        var settings = new TrainingSettings
        {
            MaxSteps = Steps + UncountedSteps,
            BatchSize = Rows,
            MicroBatchSize = Rows / VirtualRanks,
            VirtualRanks = VirtualRanks,
            ProgressInterval = 1,
            Group = timed,
        };
        List<double> steps = [], reducing = [], others = [];
        long last = Stopwatch.GetTimestamp();
        var blocks = new FormulaBlocks(1024, Length, Vocabulary);
        using var loop = new TrainingLoop(network, new DiffusionObjective(Config), blocks, null, settings);
        loop.Run(new Immediate(() =>
        {
            long now = Stopwatch.GetTimestamp();
            steps.Add(Stopwatch.GetElapsedTime(last, now).TotalSeconds);
            reducing.Add(timed.TakeReducing());
            others.Add(timed.TakeOther());
            last = now;
        }), CancellationToken.None);
        return new Figures(
            Timing.Median(steps[UncountedSteps..]), Timing.Median(reducing[UncountedSteps..]), Timing.Median(others[UncountedSteps..]));
    }

    private sealed class Immediate(Action report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report();
    }
}
