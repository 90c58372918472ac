using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Devices;

/// <summary>
/// What this library is on a device, in one command that runs everywhere: parity with the processor, training, scoring and writing beside
/// the plain code. On a processor it takes small networks. What the budget has no time for is left out, and said so.
/// </summary>
internal static class DeviceCommand
{
    public static Subcommand Command()
    {
        var device = new Option<string>("--device") { Description = "auto, cpu, cuda or cuda:1", DefaultValueFactory = _ => "auto" };
        var budget = new Option<int>("--budget") { Description = "seconds that the command may take", DefaultValueFactory = _ => 480 };
        var sizes = new Option<string[]?>("--size")
        {
            Description = "network sizes to train; left out: 170M and 1028M on a GPU, 6M on a processor",
            AllowMultipleArgumentsPerToken = true,
        };
        var tokens = new Option<int?>("--tokens")
        {
            Description = "tokens of a training step; left out: 8192 on a GPU, 512 on a processor",
        };
        Option<bool> markdown = ResultTable.MarkdownOption();
        var command = new Subcommand("device", "parity with the processor and speed beside the plain code on a device, within a budget")
        {
            device, budget, sizes, tokens, markdown,
        };
        command.SetAction(result => Run(
            DeviceChoice.Resolve(result.GetValue(device)!), result.GetValue(budget), result.GetValue(sizes), result.GetValue(tokens),
            result.GetValue(markdown)));
        return command;
    }

    public static Subcommand ChildCommand()
    {
        var arguments = new Argument<string[]>("arguments");
        var command = new Subcommand("device-child", "one case that `device` runs") { arguments };
        command.Hidden = true;
        command.SetAction(result =>
        {
            string[] given = result.GetValue(arguments)!;
            HeapChoice.Apply(HeapChoice.All);
            return DeviceCase.Run(DeviceChoice.Resolve(given[0]), given[1..]);
        });
        return command;
    }

    private static int Run(torch.Device place, int budget, string[]? sizes, int? tokens, bool markdown)
    {
        bool gpu = place.type == DeviceType.CUDA;
        int length = gpu ? 2048 : 256;
        int rows = Math.Max(1, (tokens ?? (gpu ? 8192 : 512)) / length);
        string measured = gpu ? "170M" : "6M";
        string[] trained = sizes is { Length: > 0 } ? sizes : gpu ? ["170M", "1028M"] : ["6M"];
        var run = new BudgetedRun(DeviceChoice.Describe(place), budget);
        Console.WriteLine($"{DeviceChoice.Describe(place)}, {Environment.ProcessorCount} cores, at most {budget} s");

        Console.WriteLine("\nDifference from this library's kernels on the processor, as a share of the largest number");
        var parity = new ResultTable(
            markdown, "precision".PadRight(13), "what".PadRight(50), "absolute", "relative", "tolerance", "result");
        bool? same = run.Rows(parity, "parity", nameof(Precision.Float32)) & run.Rows(parity, "parity", nameof(Precision.BFloat16Mixed));

        Console.WriteLine("\nTraining steps in bfloat16, vocabulary 32,000");
        var training = new ResultTable(markdown, "size", "T x B", "checkpointing", "tokens/s", "plain", "ratio", "peak TFLOP/s", "MFU",
            "plain MFU", "GiB", "pairs");
        int seconds = gpu ? 15 : 10;
        foreach (string size in trained)
        {
            foreach (string checkpointing in new[] { "false", "true" })
                run.Rows(training, "train", size, Text(length), Text(rows), checkpointing, Text(seconds));
        }

        Console.WriteLine("\nScoring and writing in bfloat16, vocabulary 32,000");
        var inference = new ResultTable(markdown, "size", "what".PadRight(40), "ours".PadRight(20), "plain", "ratio");
        run.Rows(inference, "score", measured, Text(gpu ? 64 : 2), Text(3));
        foreach (string order in new[] { SamplingOrder.Random.Name, SamplingOrder.Confidence.Name })
            run.Rows(inference, "generate", measured, Text(gpu ? 16 : 2), Text(gpu ? 128 : 16), order, Text(3));

        Console.WriteLine();
        Console.WriteLine("plain: the plain code on the same device, in turns, which keeps its activations. MFU: all matrix products of a");
        Console.WriteLine("step, none counted twice, as a share of the peak, the product of two large bfloat16 matrices on this device.");
        Console.WriteLine("GiB: peak memory of ours alone" + (gpu ? ", as the driver counts the whole GPU." : ", resident."));
        Console.WriteLine("Parity: " + (same is null ? "not measured" : same.Value ? "PASS" : "FAIL"));
        return same == true ? 0 : 1;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Runs cases in child processes until the budget is used up.</summary>
    private sealed class BudgetedRun(string device, int budget)
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();

        /// <summary>Adds the rows that a case prints. False if one says FAIL; null if it did not run to its end.</summary>
        public bool? Rows(ResultTable table, params string[] arguments)
        {
            TimeSpan left = TimeSpan.FromSeconds(budget) - _clock.Elapsed;
            string name = string.Join(' ', arguments);
            if (left <= TimeSpan.Zero)
            {
                Console.WriteLine($"({name}: left out, the budget is used up)");
                return null;
            }
            try
            {
                string output = ChildProcess.Output(ChildProcess.WithArguments(["device-child", device, .. arguments]), left);
                foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                    table.Add(line.Split('\t'));
                return !output.Contains("FAIL", StringComparison.Ordinal);
            }
            catch (InvalidOperationException error)
            {
                Console.WriteLine($"({name}: {error.Message.Split('\n')[0]})");
                return null;
            }
            catch (TimeoutException)
            {
                Console.WriteLine($"({name}: stopped, the budget is used up)");
                return null;
            }
        }
    }
}
