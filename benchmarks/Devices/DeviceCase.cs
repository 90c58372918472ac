using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Benchmarks.PlainCode;
using Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Training;
using TorchSharp;
using static Microsoft.ML.MaskedDiffusion.Benchmarks.ResultTable;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Devices;

/// <summary>
/// The cases of <see cref="DeviceCommand"/>, each the whole work of one process, so that one that does not fit in memory ends alone and
/// peaks of memory are its own. A case prints the cells of its row, separated by tabs.
/// </summary>
internal static class DeviceCase
{
    private const int Vocabulary = 32000;

    /// <summary>The five figures of a precision, a row each.</summary>
    public static int Parity(torch.Device place, string precision)
    {
        using var parity = new DeviceParity(place, Enum.Parse<Precision>(precision));
        foreach (ParityFigure figure in parity.Compare())
        {
            Print(precision, figure.Name, Number(figure.Absolute, "0.0e0"), Number(figure.Relative, "0.0e0"),
                Number(figure.Tolerance, "0.0e0"), figure.Passes ? "PASS" : "FAIL");
        }
        return 0;
    }

    /// <summary>Training steps in bfloat16: memory of ours alone, then ours and the plain code's in turns.</summary>
    public static int Train(torch.Device place, string size, int length, int rows, bool checkpointing, double seconds)
    {
        TransformerConfig config = TransformerConfig.FromPreset(size) with { VocabularySize = Vocabulary, ContextLength = length };
        double before = DevicePeak.Measure(place, torch.ScalarType.BFloat16);
        double memory = MemoryOfSteps(config, place, rows, checkpointing);
        var pair = new TrainingPair(config, rows, length, place)
        {
            Precision = Precision.BFloat16Mixed,
            ActivationCheckpointing = checkpointing,
        };
        TrainingPair.Result result = pair.Measure(seconds);
        double peak = Math.Max(before, DevicePeak.Measure(place, torch.ScalarType.BFloat16));
        double tokens = (double)rows * length;
        Print(size, $"{length} x {rows}", checkpointing ? "yes" : "no", Number(tokens / result.Times.Ours, "N0"),
            Number(tokens / result.Times.Plain, "N0"), Number(result.Times.Ratio, "0.00"), Number(peak / 1e12, "0.0"),
            Number(result.OurRate / peak, "P1"), Number(result.PlainRate / peak, "P1"), Number(memory / (1 << 30), "0.0"),
            $"{result.Times.Count}");
        return 0;
    }

    /// <summary>Likelihoods of answers of 16 tokens after 64, 128 samples, in bfloat16.</summary>
    public static int Score(torch.Device place, string size, int questions, int rounds)
    {
        using TransformerNetwork network = Network(place, size);
        using var plain = new PlainNetwork(network, rounded: true);
        LikelihoodCase item = LikelihoodCase.Options("64, 16, 128", Vocabulary, 64, 16, options: 1, questions);
        LikelihoodComparison result = LikelihoodComparison.Of(network, plain, item, rounds);
        Print(size, $"scoring, {item.Name}", Number(1 / result.Seconds.Ours, "0.00") + " questions/s",
            Number(1 / result.Seconds.Plain, "0.00"), Number(result.Seconds.Ratio, "0.00"));
        return 0;
    }

    /// <summary>
    /// Texts in bfloat16, a token a step: drawn in a random order, the exact sampler, or the most probable ones in the order of confidence.
    /// </summary>
    public static int Generate(torch.Device place, string size, int batch, int tokens, string order, int rounds)
    {
        const int Prompt = 32;
        using TransformerNetwork network = Network(place, size);
        using var plainNetwork = new PlainNetwork(network, rounded: true);
        var plain = new PlainGeneration(plainNetwork, Prompt, tokens);
        using INetworkSession session = network.OpenSession();
        SamplingOrder chosen = SamplingOrder.FromName(order);
        var sampling = new SamplingOptions { Order = chosen, Temperature = chosen == SamplingOrder.Random ? 1 : 0 };
        var times = new PairedTimes();
        BenchmarkTexts.Write(session, network.Config, sampling, batch, Prompt, Math.Min(tokens, 4));
        for (int round = 0; round < rounds; round++)
        {
            double ours = Timing.Seconds(
                place, () => BenchmarkTexts.Write(session, network.Config, sampling, batch, Prompt, tokens));
            times.Add(ours, tokens * plain.SecondsOfStep(batch, guided: false, steps: 4));
        }
        double written = (double)batch * tokens;
        Print(size, $"writing, {batch} x {tokens} tokens, {order}", Number(written / times.Ours, "0.0") + " tokens/s",
            Number(written / times.Plain, "0.0"), Number(times.Ratio, "0.00"));
        return 0;
    }

    private static TransformerNetwork Network(torch.Device place, string size)
    {
        TransformerConfig config = TransformerConfig.FromPreset(size) with { VocabularySize = Vocabulary, ContextLength = 512 };
        var network = new TransformerNetwork(config, place) { Precision = Precision.BFloat16Mixed };
        network.Initialize(1);
        return network;
    }

    private static double MemoryOfSteps(TransformerConfig config, torch.Device place, int rows, bool checkpointing)
    {
        using var network = new TransformerNetwork(config, place)
        {
            Precision = Precision.BFloat16Mixed,
            ActivationCheckpointing = checkpointing,
        };
        network.Initialize(1);
        using var training = new OurTraining(network, new TrainingSettings { LearningRate = 1e-4 });
        var data = new TrainingData(config, rows, config.ContextLength);
        for (int step = 0; step < 2; step++)
            Timing.Seconds(place, () => training.Step(data.Batch(step)));
        return DeviceMemory.Peak(place);
    }

    private static void Print(params string[] cells) => Console.WriteLine(string.Join('\t', cells));

    /// <summary>Runs the case that the arguments name.</summary>
    public static int Run(torch.Device place, string[] arguments)
    {
        int Integer(int index) => int.Parse(arguments[index], CultureInfo.InvariantCulture);
        return arguments[0] switch
        {
            "parity" => Parity(place, arguments[1]),
            "train" => Train(place, arguments[1], Integer(2), Integer(3), bool.Parse(arguments[4]), Integer(5)),
            "score" => Score(place, arguments[1], Integer(2), Integer(3)),
            "generate" => Generate(place, arguments[1], Integer(2), Integer(3), arguments[4], Integer(5)),
            _ => throw new ArgumentException($"There is no case {arguments[0]}."),
        };
    }
}
