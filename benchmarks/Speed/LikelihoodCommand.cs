using System.CommandLine;
using Microsoft.ML.MaskedDiffusion.Benchmarks.PlainCode;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using TorchSharp;
using static Microsoft.ML.MaskedDiffusion.Benchmarks.ResultTable;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>
/// Speed of the likelihood scorer beside <see cref="PlainLikelihood"/>, the loop of the reference's evaluation on the plain code, with the
/// same weights in the same process and in turns; and what a data view costs over the scorer's own call.
/// </summary>
internal static class LikelihoodCommand
{
    private const int ContextLength = 256;

    public static Subcommand Command()
    {
        var sizes = new Option<string[]>("--size")
        {
            Description = "network sizes, by the names of TransformerPresets", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["19M", "113M"],
        };
        var vocabulary = new Option<int>("--vocabulary") { Description = "vocabulary size in tokens", DefaultValueFactory = _ => 32000 };
        var cases = new Option<int[]>("--case")
        {
            Description = "cases to measure, 1 to 4, and 5 for the data view", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [1, 2, 3, 4, 5],
        };
        cases.AcceptOnlyFromAmong("1", "2", "3", "4", "5");
        Option<int> rounds = Timing.Rounds("measurements of each case, ours and the plain code's in turns; medians count", 3);
        var device = new Option<string>("--device") { Description = "auto, cpu, cuda or cuda:1", DefaultValueFactory = _ => "cpu" };
        Option<string> heap = HeapChoice.Option();
        Option<bool> markdown = MarkdownOption();
        var command = new Subcommand("likelihood", "speed of the likelihood scorer, beside the reference's loop on the plain code")
        {
            sizes, vocabulary, cases, rounds, device, heap, markdown,
        };
        command.SetAction(result =>
        {
            HeapChoice.Apply(result.GetValue(heap)!);
            return Run(
                result.GetValue(sizes)!, result.GetValue(vocabulary), result.GetValue(cases)!, result.GetValue(rounds),
                DeviceChoice.Resolve(result.GetValue(device)!), result.GetValue(markdown));
        });
        return command;
    }

    private static int Run(string[] sizes, int vocabulary, int[] cases, int rounds, torch.Device place, bool markdown)
    {
        Console.WriteLine(
            $"Likelihoods, vocabulary {vocabulary}, float32 on {DeviceChoice.Describe(place)}, {Environment.ProcessorCount} cores");
        Console.WriteLine();
        var table = new ResultTable(markdown, "size", "context, answer, samples".PadRight(46), "s/question", "plain", "rows", "plain",
            "s.e.", "plain", "per question", "per row", "at equal error", "bytes/row");
        LikelihoodCase[] all =
        [
            LikelihoodCase.Options("64, 16, 128", vocabulary, 64, 16, options: 1, questions: 2),
            LikelihoodCase.Options("64, 1, 128", vocabulary, 64, 1, options: 1, questions: 128),
            LikelihoodCase.Options("200, 4 options of 12, 128", vocabulary, 200, 12, options: 4, questions: 1),
            LikelihoodCase.Document($"document of 2,000 in windows of {ContextLength}, 16", vocabulary, 2000, ContextLength, 16),
        ];
        var overheads = new List<string>();
        foreach (string size in sizes)
        {
            TransformerConfig config = TransformerConfig.FromPreset(size) with
            {
                VocabularySize = vocabulary,
                ContextLength = ContextLength,
            };
            using var network = new TransformerNetwork(config, place);
            network.Initialize(1);
            using var plain = new PlainNetwork(network);
            SameWork.RequireEqualLogits(network, plain);
            foreach (int number in cases.Where(number => number <= all.Length))
                Print(table, size, all[number - 1], LikelihoodComparison.Of(network, plain, all[number - 1], rounds));
            if (cases.Contains(all.Length + 1))
                overheads.Add(Describe(size, ViewOverhead.Measure(network, rounds)));
        }
        Console.WriteLine();
        foreach (string overhead in overheads)
            Console.WriteLine(overhead);
        Console.WriteLine("plain: the reference's loop in plain code, asked for as many samples. rows: network rows of a question.");
        Console.WriteLine("s.e.: standard error of a request's log-likelihood in nats, as reported, or of the spread of the rounds.");
        Console.WriteLine("Times faster: per question at equal samples; per network row that is computed; at equal error, the quotient of");
        Console.WriteLine("time x error^2 (an error falls as the root of the time). bytes/row: managed memory that we allocate for a row.");
        return 0;
    }

    private static void Print(ResultTable table, string size, LikelihoodCase item, LikelihoodComparison result)
    {
        bool exact = result.OurError == 0;
        table.Add(size, item.Name, Number(result.Seconds.Ours, "0.0000"), Number(result.Seconds.Plain, "0.0000"),
            Number(result.OurRows, "N0"), Number(result.PlainRows, "N0"), exact ? "exact" : Number(result.OurError, "0.000"),
            Number(result.PlainError, "0.000"), Number(result.Seconds.Ratio, "0.0"), Number(result.RatioOfRows, "0.00"),
            exact ? "exact" : Number(result.RatioOfErrors, "0.0"), Number(result.BytesOfRow, "N0"));
    }

    private static string Describe(string size, PairedTimes times) =>
        $"{size}: scoring 32 rows (64, 16, 16 samples) through a view takes {Number(times.Ours, "0.000")} s, the scorer's own call "
        + $"{Number(times.Plain, "0.000")} s: {Number(1 / times.Ratio - 1, "+0.0 %;-0.0 %")} (median of the pairs).";
}
