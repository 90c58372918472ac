using System.CommandLine;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using TorchSharp;
using static Microsoft.ML.MaskedDiffusion.Benchmarks.ResultTable;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>
/// Speed of whole training steps beside <see cref="PlainCode.PlainTraining"/>, in turns in one process: network, loss at the masked
/// positions, backward pass, clipping, AdamW. All matrix products are counted (<see cref="TrainingFlops"/>) and held against the peak speed
/// of large ones, which is measured before and after each row.
/// </summary>
internal static class TrainingCommand
{
    public static Subcommand Command()
    {
        var sizes = new Option<string[]>("--size")
        {
            Description = "network sizes, by the names of TransformerPresets", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["6M", "19M", "34M", "113M"],
        };
        var vocabularies = new Option<int[]>("--vocabulary")
        {
            Description = "vocabulary sizes in tokens", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [4096, 32000],
        };
        var shapes = new Option<string[]>("--shape")
        {
            Description = "shapes of a step, as LENGTHxROWS", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["256x8", "1024x2"],
        };
        var seconds = new Option<double>("--seconds")
        {
            Description = "seconds of measured steps in each row of the table; at least three pairs of steps are measured",
            DefaultValueFactory = _ => 20,
        };
        var precision = new Option<Precision>("--precision")
        {
            Description = "the arithmetic of both", DefaultValueFactory = _ => Precision.Float32,
        };
        var device = new Option<string>("--device") { Description = "auto, cpu, cuda or cuda:1", DefaultValueFactory = _ => "cpu" };
        Option<string> heap = HeapChoice.Option();
        Option<bool> markdown = MarkdownOption();
        var command = new Subcommand(
            "training", "tokens per second of whole training steps, beside the plain code, and their share of the peak speed")
        {
            sizes, vocabularies, shapes, seconds, precision, device, heap, markdown,
        };
        command.SetAction(result =>
        {
            HeapChoice.Apply(result.GetValue(heap)!);
            return Run(
                result.GetValue(sizes)!, result.GetValue(vocabularies)!, [.. result.GetValue(shapes)!.Select(ParseShape)],
                result.GetValue(seconds), result.GetValue(precision), DeviceChoice.Resolve(result.GetValue(device)!),
                result.GetValue(markdown));
        });
        return command;
    }

    /// <summary>The length and the rows of a shape such as "256x8".</summary>
    /// <exception cref="ArgumentException">It is written in another way.</exception>
    internal static (int Length, int Rows) ParseShape(string shape) =>
        shape.Split('x') is [string length, string rows] && int.TryParse(length, out int tokens) && int.TryParse(rows, out int count)
            ? (tokens, count)
            : throw new ArgumentException($"The shape \"{shape}\" is not written as LENGTHxROWS, such as 256x8.");

    private static int Run(
        string[] sizes, int[] vocabularies, (int Length, int Rows)[] shapes, double seconds, Precision precision, torch.Device place,
        bool markdown)
    {
        Console.WriteLine($"Training steps, {precision} on {DeviceChoice.Describe(place)}, {Environment.ProcessorCount} cores");
        Console.WriteLine();
        var table = new ResultTable(markdown, "size", "vocabulary", "T x B", "tokens/s", "plain", "ratio", "GFLOP/s", "plain", "peak",
            "of peak", "plain", "bytes/step", "pairs");
        foreach (string size in sizes)
        {
            foreach (int vocabulary in vocabularies)
            {
                foreach ((int length, int rows) in shapes)
                {
                    TransformerConfig config = TransformerConfig.FromPreset(size) with
                    {
                        VocabularySize = vocabulary,
                        ContextLength = length,
                    };
                    double before = MatrixProductPeak.Measure(place);
                    TrainingPair.Result result = new TrainingPair(config, rows, length, place) { Precision = precision }.Measure(seconds);
                    double peak = Math.Max(before, MatrixProductPeak.Measure(place));
                    double tokens = (double)rows * length;
                    table.Add(size, Number(vocabulary, "N0"), $"{length} x {rows}", Number(tokens / result.Times.Ours, "N0"),
                        Number(tokens / result.Times.Plain, "N0"), Number(result.Times.Ratio, "0.00"), Number(result.OurRate / 1e9, "0"),
                        Number(result.PlainRate / 1e9, "0"), Number(peak / 1e9, "0"), Number(result.OurRate / peak, "P0"),
                        Number(result.PlainRate / peak, "P0"), Number(result.AllocatedBytes, "N0"), $"{result.Times.Count}");
                }
            }
        }
        Console.WriteLine();
        Console.WriteLine("plain: the plain code on torch's operators. tokens/s: from the median step. ratio: median of the paired steps'");
        Console.WriteLine("ratios. GFLOP/s: all matrix products that are computed, with those of attention and of the logits, both ways.");
        Console.WriteLine("peak: the product of two large float32 matrices, by libtorch or by this library, whichever is faster, before");
        Console.WriteLine("and after the row. bytes/step: managed memory that a step of this library allocates, the median.");
        return 0;
    }
}
