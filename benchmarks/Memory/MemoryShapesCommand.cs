using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Memory;

/// <summary>
/// Memory and speed of networks as large as published ones, whose random weights are written in a published layout, loaded and deleted
/// again: what the machine's memory must hold, and how close a pass comes to what its bandwidth and its multiplications allow.
/// </summary>
internal static class MemoryShapesCommand
{
    private const int Block = 32;
    private const double Gibibyte = 1L << 30;

    public static Subcommand Command()
    {
        var shapes = new Option<string[]>("--shape")
        {
            Description = $"published models: {string.Join(", ", PublishedShape.All(512).Select(shape => shape.Name))}",
            AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => ["Qwen3-0.6B"],
        };
        shapes.AcceptOnlyFromAmong([.. PublishedShape.All(512).Select(shape => shape.Name)]);
        var weights = new Option<WeightType[]>("--weights")
        {
            Description = "numbers in which the weights are held", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [WeightType.BFloat16],
        };
        var layers = new Option<int?>("--layers") { Description = "blocks of the networks, in place of all" };
        var context = new Option<int>("--context") { Description = "tokens of the long pass", DefaultValueFactory = _ => 512 };
        var tokens = new Option<int>("--tokens") { Description = "tokens of the text that is written", DefaultValueFactory = _ => 64 };
        var folder = new Option<string>("--folder")
        {
            Description = "where the weights are written, which are deleted at the end", DefaultValueFactory = _ => Path.GetTempPath(),
        };
        var command = new Subcommand("memory-shapes", "memory and speed of networks as large as published ones, with random weights")
        {
            shapes, weights, layers, context, tokens, folder,
        };
        command.SetAction(result => Run(result.GetValue(shapes)!, result.GetValue(weights)!, result.GetValue(layers),
            result.GetValue(context), result.GetValue(tokens), result.GetValue(folder)!));
        return command;
    }

    public static Subcommand ChildCommand()
    {
        var path = new Argument<string>("path");
        var weights = new Argument<WeightType>("weights");
        var tokens = new Argument<int>("tokens");
        var command = new Subcommand("memory-shapes-child", "one model that `memory-shapes` loads") { path, weights, tokens };
        command.Hidden = true;
        command.SetAction(result => Measure(result.GetValue(path)!, result.GetValue(weights), result.GetValue(tokens)));
        return command;
    }

    private static int Run(string[] shapes, WeightType[] weights, int? layers, int context, int tokens, string folder)
    {
        foreach (PublishedShape known in PublishedShape.All(context).Where(shape => shapes.Contains(shape.Name)))
        {
            PublishedShape shape = layers is null ? known : known with { Config = known.Config with { LayerCount = layers.Value } };
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{shape.Name}, {shape.Config.LayerCount} blocks, {shape.Config.ParameterCount:N0} parameters, ")
                + $"{Environment.ProcessorCount} cores");
            string path = Path.Combine(folder, $"mdm-shapes-{Environment.ProcessId}");
            try
            {
                shape.Write(path);
                foreach (WeightType type in weights)
                {
                    Console.WriteLine(ChildProcess.Output(ChildProcess.WithArguments("memory-shapes-child", path, type.ToString(),
                        tokens.ToString(CultureInfo.InvariantCulture))));
                }
            }
            finally
            {
                if (Directory.Exists(path))
                    Directory.Delete(path, recursive: true);
            }
        }
        return 0;
    }

    private static int Measure(string path, WeightType weights, int tokens)
    {
        double bandwidth = MemoryBandwidth.Measure(), peak = MatrixProductPeak.Measure(torch.CPU);
        MaskedDiffusionModel? model = null;
        double loading = Timing.Seconds(torch.CPU, () => model = MaskedDiffusionModel.Load(path, "cpu", weights));
        using MaskedDiffusionModel loaded = model!;
        TransformerConfig config = loaded.Config;
        double bytes = MemoryDemand.WeightBytes(config, loaded.Network.Type), after = Peak();
        Line($"{loaded.WeightType}: weights {bytes / Gibibyte:0.00} GiB, peak while loading {after / Gibibyte:0.00} GiB, {loading:0.0} s");
        Line($"  memory is read at {bandwidth / 1e9:0.0} GB/s (all weights in {bytes / bandwidth:0.00} s)");
        Line($"  products run at {peak / 1e9:0} GFLOP/s");
        double opening = Timing.Seconds(torch.CPU, () => _ = loaded.Session);
        Line($"  opening a session {opening:0.0} s");
        using KeyValueCache cache = loaded.Session.NewCache(config.ContextLength);
        int[] row = [.. Enumerable.Range(0, config.ContextLength).Select(i => i * 7919 % config.MaskTokenId)];
        int[] block = [.. Enumerable.Range(config.ContextLength - Block, Block)];
        Pass($"{row.Length} tokens", row.Length, SequencePart.Whole(row, block, cache));
        var part = new SequencePart
        {
            Tokens = row.AsMemory(block[0]), Positions = block, KeyCount = config.ContextLength, Cache = cache,
            Asked = Enumerable.Range(0, Block).ToArray(),
        };
        Pass($"{Block} tokens with a cache", Block, part);
        Pass($"{Block} tokens with a cache", Block, part);
        var generator = new TextGenerator(loaded, new GenerationOptions
        {
            MaxNewTokens = tokens,
            MinNewTokens = tokens,
            Sampling = new SamplingOptions
            {
                Order = SamplingOrder.Confidence, Steps = null, TokensPerStep = TokensPerStep.Threshold(0.9), Temperature = 0,
                BlockLength = Block, Cache = SamplingCache.Dual,
            },
        });
        string prompt = string.Join(' ', Enumerable.Range(10, Block).Select(word => $"w{word}"));
        GeneratedText? text = null;
        (double writing, double share) = Times(() => text = generator.Generate(prompt));
        Line($"  writing {tokens} tokens after {Block} in blocks of {Block}, dual cache, threshold 0.9: {text!.StepCount} steps");
        Line($"    {writing:0.0} s ({share:0.0} s of every core), {tokens / writing:0.00} tokens/s");
        Line($"  peak in all {Peak() / Gibibyte:0.00} GiB");
        return 0;

        // A pass with the logits of the block's positions, beside what the products and the reading of all weights take at least.
        void Pass(string what, int count, SequencePart asked)
        {
            (double seconds, double busy) = Times(() =>
            {
                using NetworkStates states = loaded.Session.States([asked]);
                loaded.Session.ReadLogits(states, [.. Enumerable.Range(0, Block)], null, 0, (_, _) => { });
            });
            long embedding = (long)config.EmbeddingRowCount * config.EmbeddingSize;
            long output = (long)config.VocabularySize * config.EmbeddingSize;
            double blocks = config.ParameterCount - embedding - (config.TiesEmbeddings ? 0 : output);
            double operations = 2 * (blocks * count + (double)output * Block);
            Line($"  {what}: {seconds:0.00} s ({busy:0.00} s of every core); the products take {operations / peak:0.00} s at the peak");
        }
    }

    // The seconds of some work, and the processor's seconds that it took, divided by the cores: where other programs run, the second says
    // more of the work.
    private static (double Seconds, double OfEveryCore) Times(Action work)
    {
        using Process here = Process.GetCurrentProcess();
        TimeSpan before = here.TotalProcessorTime;
        double seconds = Timing.Seconds(torch.CPU, work);
        here.Refresh();
        return (seconds, (here.TotalProcessorTime - before).TotalSeconds / Environment.ProcessorCount);
    }

    private static void Line(FormattableString text) => Console.WriteLine(FormattableString.Invariant(text));

    private static double Peak() => Devices.DeviceMemory.Peak(torch.CPU);
}
