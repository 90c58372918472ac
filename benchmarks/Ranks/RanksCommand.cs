using System.CommandLine;
using static Microsoft.ML.MaskedDiffusion.Benchmarks.ResultTable;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Ranks;

/// <summary>
/// Data-parallel training over MPI on the cores of this machine: strong and weak scaling, the share of a step in which gradients are
/// exchanged, and what a model of that exchange says about clusters. Needs MPICH's mpiexec.
/// </summary>
internal static class RanksCommand
{
    private static readonly int[] ClusterSizes = [8, 32, 128, 512];

    public static Subcommand Command()
    {
        var sizes = new Option<string[]>("--size")
        {
            Description = "network sizes, by the names of TransformerPresets", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["6M", "19M"],
        };
        var ranks = new Option<int>("--ranks")
        {
            Description = "ranks to compare with one, each on a core of its own", DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var rows = new Option<int>("--rows") { Description = "sequences of a step on one rank", DefaultValueFactory = _ => 8 };
        var length = new Option<int>("--length") { Description = "tokens of a sequence", DefaultValueFactory = _ => 256 };
        var vocabulary = new Option<int>("--vocabulary") { Description = "vocabulary size in tokens", DefaultValueFactory = _ => 4096 };
        var steps = new Option<int>("--steps") { Description = "steps that are measured", DefaultValueFactory = _ => 15 };
        var speedup = new Option<double>("--speedup")
        {
            Description = "how many times as fast as a core here a rank of the cluster computes", DefaultValueFactory = _ => 32,
        };
        Option<bool> markdown = MarkdownOption();
        var command = new Subcommand("ranks", "training over MPI: scaling on this machine's cores, and a model of larger clusters")
        {
            sizes, ranks, rows, length, vocabulary, steps, speedup, markdown,
        };
        command.SetAction(result =>
        {
            var one = new RankPoint("", result.GetValue(vocabulary), result.GetValue(length), result.GetValue(rows), 1, 1, 1,
                result.GetValue(steps));
            Run(result.GetValue(sizes)!, one, result.GetValue(ranks), result.GetValue(speedup), result.GetValue(markdown));
        });
        return command;
    }

    public static Subcommand ChildCommand()
    {
        var arguments = new Argument<string>("point");
        var command = new Subcommand("ranks-child", "a rank of `ranks`") { arguments };
        command.Hidden = true;
        command.SetAction(result => RankPoint.RunChild(result.GetValue(arguments)!));
        return command;
    }

    private static void Run(string[] sizes, RankPoint template, int ranks, double speedup, bool markdown)
    {
        Console.WriteLine($"Training over MPI, {template.Length} tokens a sequence, vocabulary {template.Vocabulary}, float32, "
            + $"{Environment.ProcessorCount} cores");
        Console.WriteLine();
        var table = new ResultTable(markdown, "size", "ranks x cores", "rows/step", "virtual", "ms/step", "tokens/s", "efficiency",
            "exchange", "telling", "MB/s");
        var computing = new Dictionary<string, double>();
        foreach (string size in sizes)
        {
            RankPoint one = template with { Size = size };
            double alone = Row(table, one, null);
            computing[size] = alone;
            // The same order of additions as the ranks' in one process.
            Row(table, one with { VirtualRanks = ranks }, alone);
            Row(table, one with { Cores = ranks }, alone / ranks);
            Row(table, one with { Ranks = ranks, VirtualRanks = ranks }, alone / ranks);
            Row(table, one with { Ranks = ranks, VirtualRanks = ranks, Rows = one.Rows * ranks }, alone);
        }
        Console.WriteLine();
        Console.WriteLine($"The model: ranks {Number(speedup, "0")} times as fast as a core here, tokens of a rank's step, and the share "
            + "of time that is not exchange");
        Console.WriteLine();
        var model = new ResultTable(
            markdown, ["size", "network", "tokens/rank", .. ClusterSizes.Select(count => $"{count} ranks")]);
        foreach (string size in sizes)
        {
            RankPoint point = template with { Size = size };
            foreach (ClusterModel network in ClusterModel.Networks)
            {
                foreach (int factor in new[] { 1, 4, 16, 64 })
                {
                    double seconds = computing[size] * factor / speedup;
                    model.Add(
                    [
                        size, network.Name, Number((long)point.Rows * point.Length * factor, "#,0"),
                        .. ClusterSizes.Select(count => Percent(network.Efficiency(point.Config.ParameterCount, count, seconds))),
                    ]);
                }
            }
        }
    }

    // Measures a row; efficiency is the time that ideal ranks would take over that which these take.
    private static double Row(ResultTable table, RankPoint point, double? ideal)
    {
        RankPoint.Figures figures = point.Measure();
        double bytes = 8.0 * point.Config.ParameterCount * (point.Ranks - 1) / point.Ranks;
        table.Add(point.Size, $"{point.Ranks} x {point.Cores}", Number(point.Rows, "0"), Number(point.VirtualRanks, "0"),
            Number(figures.Step * 1e3, "0"), Number(point.Rows * point.Length / figures.Step, "#,0"),
            ideal is null ? "" : Percent(ideal.Value / figures.Step), Percent(figures.Reducing / figures.Step),
            Percent(figures.Other / figures.Step), point.Ranks == 1 ? "" : Number(bytes / figures.Reducing / 1e6, "#,0"));
        return figures.Step;
    }

    private static string Percent(double share) => Number(100 * share, "0.0") + " %";
}
