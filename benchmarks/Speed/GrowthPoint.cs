using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Benchmarks.PlainCode;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Training;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>
/// One point of the growth tables: this library's training step of one network, length and number of cores. Measured in a process of its
/// own, so that each point begins with a fresh heap and with as many threads as it has cores. Half of the tokens are masked.
/// </summary>
internal sealed record GrowthPoint(string Size, int Length, int Rows, int Vocabulary, int Cores, double Seconds)
{
    private const int LeastSteps = 3;

    /// <summary>The network's shape.</summary>
    public TransformerConfig Config => TransformerConfig.FromPreset(Size) with { VocabularySize = Vocabulary, ContextLength = Length };

    /// <summary>Milliseconds a token of the median step, measured in a child process.</summary>
    /// <exception cref="InvalidOperationException">The child process failed.</exception>
    public double Measure()
    {
        ProcessStartInfo start = ChildProcess.WithArguments("growth-child", Size, Text(Length), Text(Rows), Text(Vocabulary),
            Seconds.ToString("R", CultureInfo.InvariantCulture));
        foreach (string variable in new[] { "DOTNET_PROCESSOR_COUNT", "OMP_NUM_THREADS", "MKL_NUM_THREADS" })
            start.Environment[variable] = Text(Cores);
        return double.Parse(ChildProcess.Output(start), CultureInfo.InvariantCulture);
    }

    /// <summary>The child process's work: prints the milliseconds.</summary>
    public static int RunChild(string[] arguments)
    {
        int Integer(int index) => int.Parse(arguments[index], CultureInfo.InvariantCulture);
        double seconds = double.Parse(arguments[4], CultureInfo.InvariantCulture);
        var point = new GrowthPoint(arguments[0], Integer(1), Integer(2), Integer(3), Environment.ProcessorCount, seconds);
        Console.WriteLine(point.MeasureHere().ToString("R", CultureInfo.InvariantCulture));
        return 0;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    private double MeasureHere()
    {
        var data = new TrainingData(Config, Rows, Length, level: 0.5f);
        using var network = new TransformerNetwork(Config, torch.CPU);
        network.Initialize(1);
        using var training = new OurTraining(network, new TrainingSettings { LearningRate = 1e-4 });
        training.Step(data.Batch(0));
        var times = new List<double>();
        for (int step = 1; times.Count < LeastSteps || times.Sum() < Seconds; step++)
            times.Add(Timing.Seconds(torch.CPU, () => training.Step(data.Batch(step))));
        return Timing.Median(times) * 1e3 / (Rows * Length);
    }
}
