using System.CommandLine;
using static Microsoft.ML.MaskedDiffusion.Benchmarks.ResultTable;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>
/// How the time of a training step grows with the length of a sequence, the parameters and the cores: milliseconds a token, and the
/// exponent of a power law for each of the three. All steps have about as many tokens.
/// </summary>
internal static class GrowthCommand
{
    public static Subcommand Command()
    {
        var lengths = new Option<int[]>("--length")
        {
            Description = "sequence lengths, at --length-size", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [128, 256, 512, 1024, 2048],
        };
        var lengthSize = new Option<string>("--length-size")
        {
            Description = "network size for the lengths and cores", DefaultValueFactory = _ => "19M",
        };
        var sizes = new Option<string[]>("--size")
        {
            Description = "network sizes, at 256 tokens", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["6M", "19M", "34M", "113M", "170M"],
        };
        var cores = new Option<int[]>("--cores")
        {
            Description = "numbers of cores", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ =>
                [.. Enumerable.Range(0, 8).Select(power => 1 << power).Where(count => count <= Environment.ProcessorCount)],
        };
        var tokens = new Option<int>("--tokens")
        {
            Description = "tokens of a step, in as many whole sequences as fit into them, at least one", DefaultValueFactory = _ => 2048,
        };
        var vocabulary = new Option<int>("--vocabulary") { Description = "vocabulary size in tokens", DefaultValueFactory = _ => 4096 };
        var seconds = new Option<double>("--seconds")
        {
            Description = "seconds of measured steps of each point; at least three steps are measured", DefaultValueFactory = _ => 8,
        };
        Option<bool> markdown = MarkdownOption();
        var command = new Subcommand("growth", "how the time of a training step grows with length, parameters and cores")
        {
            lengths, lengthSize, sizes, cores, tokens, vocabulary, seconds, markdown,
        };
        command.SetAction(result =>
        {
            int all = Environment.ProcessorCount, step = result.GetValue(tokens), words = result.GetValue(vocabulary);
            GrowthPoint Point(string size, int length, int threads) =>
                new(size, length, Math.Max(1, step / length), words, threads, result.GetValue(seconds));
            string middle = result.GetValue(lengthSize)!;
            bool asMarkdown = result.GetValue(markdown);
            Console.WriteLine($"Training steps of {step} tokens, half of them masked, vocabulary {words}, float32, {all} cores");
            Print(asMarkdown, "tokens of a sequence", point => point.Length,
                [.. result.GetValue(lengths)!.Select(length => Point(middle, length, all))]);
            Print(asMarkdown, "parameters, blocks and norms", point => point.Config.NonEmbeddingParameterCount,
                [.. result.GetValue(sizes)!.Select(size => Point(size, 256, all))]);
            Print(asMarkdown, "cores", point => point.Cores, [.. result.GetValue(cores)!.Select(count => Point(middle, 256, count))]);
        });
        return command;
    }

    public static Subcommand ChildCommand()
    {
        var arguments = new Argument<string[]>("arguments");
        var command = new Subcommand("growth-child", "one point that `growth` measures") { arguments };
        command.Hidden = true;
        command.SetAction(result => GrowthPoint.RunChild(result.GetValue(arguments)!));
        return command;
    }

    private static void Print(bool markdown, string what, Func<GrowthPoint, double> x, GrowthPoint[] points)
    {
        if (points.Length == 0)
            return;
        Console.WriteLine();
        var table = new ResultTable(markdown, "size", "T x B", "cores", what, "ms/token", "GFLOP/s");
        var measured = new List<(double X, double Y)>();
        foreach (GrowthPoint point in points)
        {
            double milliseconds = point.Measure();
            measured.Add((x(point), milliseconds));
            int tokens = point.Rows * point.Length;
            double work = TrainingPair.OurWork(new TrainingFlops(point.Config, point.Rows, point.Length, tokens / 2)).Step;
            table.Add(point.Size, $"{point.Length} x {point.Rows}", $"{point.Cores}", Number(x(point), "N0"),
                Number(milliseconds, "0.0000"), Number(work / tokens / milliseconds / 1e6, "0"));
        }
        if (measured.DistinctBy(point => point.X).Count() > 1)
            Console.WriteLine($"\nms/token grows with the {PowerLaw.Fit(measured)} power of: {what}.");
    }
}
