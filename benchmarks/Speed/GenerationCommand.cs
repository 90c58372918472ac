using System.CommandLine;
using Microsoft.ML.MaskedDiffusion.Benchmarks.PlainCode;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;
using static Microsoft.ML.MaskedDiffusion.Benchmarks.ResultTable;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>
/// Speed of writing: samplers, caches and the autoregressive baseline, each beside a plain loop on torch's operators in the same run. The
/// weights are random, with an output layer that is scaled so that predictions are sure enough for rules that look at them.
/// </summary>
internal static class GenerationCommand
{
    private const int Vocabulary = 32_000;
    private const int PromptLength = 32;

    public static Subcommand Command()
    {
        var sizes = new Option<string[]>("--size")
        {
            Description = "network sizes, by the names of TransformerPresets", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["19M", "113M"],
        };
        var batches = new Option<int[]>("--batch")
        {
            Description = "texts written together", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 8],
        };
        var tokens = new Option<int>("--tokens") { Description = "new tokens of a text", DefaultValueFactory = _ => 128 };
        var plainSteps = new Option<int>("--plain-steps")
        {
            Description = "steps of each plain loop that are measured; all of its steps cost the same", DefaultValueFactory = _ => 8,
        };
        Option<int> rounds = Timing.Rounds("measurements of each row, ours and the plain loop's in turns; medians count", 3);
        var sharpness = new Option<double>("--sharpness")
        {
            Description = "factor of the random output layer", DefaultValueFactory = _ => 40,
        };
        Option<string> heap = HeapChoice.Option();
        Option<bool> markdown = ResultTable.MarkdownOption();
        var command = new Subcommand("generation", "tokens per second of writing, beside plain loops on torch's operators")
        {
            sizes, batches, tokens, plainSteps, rounds, sharpness, heap, markdown,
        };
        command.SetAction(result =>
        {
            HeapChoice.Apply(result.GetValue(heap)!);
            return Run(result.GetValue(sizes)!, result.GetValue(batches)!, result.GetValue(tokens), result.GetValue(plainSteps),
                result.GetValue(rounds), result.GetValue(sharpness), result.GetValue(markdown));
        });
        return command;
    }

    private static int Run(string[] sizes, int[] batches, int tokens, int plainSteps, int rounds, double sharpness, bool markdown)
    {
        Console.WriteLine(
            $"{tokens} new tokens after {PromptLength}, vocabulary {Vocabulary}, float32, {Environment.ProcessorCount} cores. "
            + "ratio: tokens/s over those of the plain loop of the same batch, which takes as many steps where a number is named, and a "
            + "token a step elsewhere; the median of paired runs.");
        var columns = new List<(string Head, List<(string Way, string Cell)> Rows)>();
        foreach (string size in sizes)
        {
            using TransformerNetwork network = Network(size, sharpness, autoregressive: false);
            using TransformerNetwork causal = Network(size, sharpness, autoregressive: true);
            foreach (int batch in batches)
            {
                string head = $"{size}, {batch} {(batch == 1 ? "text" : "texts")}";
                columns.Add((head, Compare(size, network, causal, batch, tokens, plainSteps, rounds)));
            }
        }
        if (markdown)
            Summarize(columns);
        return 0;
    }

    // One table of all sizes and batches, tokens/s and the ratio in parentheses.
    private static void Summarize(List<(string Head, List<(string Way, string Cell)> Rows)> columns)
    {
        Console.WriteLine();
        var table = new ResultTable(markdown: true, ["tokens/s", .. columns.Select(column => column.Head)]);
        for (int row = 0; row < columns[0].Rows.Count; row++)
            table.Add([columns[0].Rows[row].Way, .. columns.Select(column => column.Rows[row].Cell)]);
    }

    // The rows' names, each with tokens/s and the ratio.
    private static List<(string Way, string Cell)> Compare(
        string size, TransformerNetwork network, TransformerNetwork causal, int batch, int tokens, int plainSteps, int rounds)
    {
        Console.WriteLine();
        Console.WriteLine($"{size}, batch {batch}");
        var table = new ResultTable(markdown: false, "".PadRight(44), "s a text", "tokens/s", "steps", "rows", "ratio");
        List<(string Way, string Cell)> cells = [];
        using INetworkSession session = network.OpenSession();
        using INetworkSession causalSession = causal.OpenSession();
        using var plainNetwork = new PlainNetwork(network);
        using var plainCausalNetwork = new PlainNetwork(causal);
        SameWork.RequireEqualLogits(network, plainNetwork);
        var plain = new PlainGeneration(plainNetwork, PromptLength, tokens);
        var plainCausal = new PlainGeneration(plainCausalNetwork, PromptLength, tokens);
        double Step() => plain.SecondsOfStep(batch, guided: false, plainSteps);
        double GuidedStep() => plain.SecondsOfStep(batch, guided: true, plainSteps);
        double Token() => plainCausal.SecondsOfToken(batch, tokens) * tokens;
        double WholeText() => tokens * Step();
        Plain("plain loop, a token a step", WholeText);
        foreach (int steps in new[] { 128, 64, 32 })
        {
            int taken = Math.Min(steps, tokens);
            Ours($"ancestral, {steps} steps", Sampling(SamplingOrder.Random, steps), () => Step() * taken);
            Ours($"ancestral, {steps} steps, guided", Sampling(SamplingOrder.Random, steps, guidance: 1), () => GuidedStep() * taken);
        }
        Ours("confidence, 128 steps", Sampling(SamplingOrder.Confidence, 128, temperature: 0), () => Step() * Math.Min(128, tokens));
        Ours("entropy bound 0.1", Sampling(SamplingOrder.Entropy, null, TokensPerStep.EntropyBound(0.1)), WholeText);
        Ours("threshold 0.9", Sampling(SamplingOrder.Confidence, null, TokensPerStep.Threshold(0.9), 0), WholeText);
        foreach (SamplingCache cache in new[] { SamplingCache.None, SamplingCache.Prefix, SamplingCache.Dual, SamplingCache.Delayed(8) })
        {
            SamplingOptions blocks = Sampling(SamplingOrder.Confidence, null, TokensPerStep.EqualShares, 0);
            (blocks.BlockLength, blocks.Cache) = (32, cache);
            Ours($"blocks of 32, cache {cache}", blocks, WholeText);
            blocks.TokensPerStep = TokensPerStep.Threshold(0.9);
            Ours($"blocks of 32, cache {cache}, threshold 0.9", blocks, WholeText);
        }
        Plain("autoregressive plain loop with its cache", Token);
        Write("autoregressive with its cache", causalSession, causal, Sampling(SamplingOrder.LeftToRight, null), Token);
        return cells;

        void Ours(string name, SamplingOptions sampling, Func<double> plainSeconds) =>
            Write(name, session, network, sampling, plainSeconds);

        // Ours and the plain loop take turns.
        void Write(string name, INetworkSession with, TransformerNetwork of, SamplingOptions sampling, Func<double> plainSeconds)
        {
            BenchmarkTexts.Write(with, of.Config, sampling, batch, PromptLength, Math.Min(tokens, 8));
            var times = new PairedTimes();
            GeneratedText[] texts = [];
            for (int round = 0; round < rounds; round++)
            {
                double seconds = Timing.Seconds(
                    torch.CPU, () => texts = BenchmarkTexts.Write(with, of.Config, sampling, batch, PromptLength, tokens));
                times.Add(seconds, plainSeconds());
            }
            Print(name, times.Ours, texts.Average(text => text.StepCount), texts.Sum(text => text.NetworkRowCount), times.Ratio);
        }

        // The first run warms up and does not count.
        void Plain(string name, Func<double> seconds)
        {
            _ = seconds();
            Print(name, Timing.Median(Enumerable.Range(0, rounds).Select(_ => seconds())), tokens, (double)tokens * batch, 1);
        }

        void Print(string name, double seconds, double steps, double rows, double ratio)
        {
            double speed = tokens * batch / seconds;
            table.Add(name, Number(seconds / batch, "0.000"), Number(speed, "0.0"), Number(steps, "0"), Number(rows, "0"),
                Number(ratio, "0.00"));
            cells.Add((name, $"{Number(speed, "N1")} ({Number(ratio, "0.0")})"));
        }
    }

    private static SamplingOptions Sampling(
        SamplingOrder order, int? steps, TokensPerStep? count = null, double temperature = 1, double guidance = 0) => new()
        {
            Order = order, Steps = steps, TokensPerStep = count ?? TokensPerStep.EqualShares, Temperature = temperature,
            GuidanceScale = guidance,
        };

    private static TransformerNetwork Network(string size, double sharpness, bool autoregressive)
    {
        TransformerConfig config = TransformerConfig.FromPreset(size) with
        {
            VocabularySize = Vocabulary,
            ContextLength = 512,
            Autoregressive = autoregressive,
        };
        var network = new TransformerNetwork(config, torch.CPU);
        network.Initialize(1);
        using IDisposable noGradient = torch.no_grad();
        network.Parameters["lm_head.weight"].Scale(sharpness);
        return network;
    }
}
