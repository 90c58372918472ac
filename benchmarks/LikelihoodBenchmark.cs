using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>
/// Questions per second of the likelihood scorer beside <see cref="NaiveLoop"/>, the loop of the reference's evaluation, on the same
/// weights in the same process: the loop once on torch's operators, as in the reference, and once on this library's kernels. The three take
/// turns, and the best round of each counts.
/// </summary>
internal static class LikelihoodBenchmark
{
    public static Subcommand Command()
    {
        var device = new Option<string>("--device") { Description = "auto, cpu, cuda or cuda:1", DefaultValueFactory = _ => "cpu" };
        var presets = new Option<string[]>("--preset")
        {
            Description = "network sizes, by the names of TransformerPresets", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["6M"],
        };
        var vocabulary = new Option<int[]>("--vocabulary")
        {
            Description = "vocabulary size in tokens", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [32000],
        };
        var only = new Option<int?>("--case") { Description = "measure only this case, 1 to 4; all if left out" };
        var rounds = new Option<int>("--rounds")
        {
            Description = "measurements of each case, of which the fastest counts", DefaultValueFactory = _ => 2,
        };
        var command =
            new Subcommand("likelihood", "questions per second of the likelihood scorer, beside the reference's loop over single requests")
        {
            presets, vocabulary, only, rounds, device,
        };
        command.SetAction(result =>
        {
            foreach (string preset in result.GetValue(presets)!)
            {
                foreach (int size in result.GetValue(vocabulary)!)
                {
                    TransformerConfig config = TransformerConfig.FromPreset(preset) with { VocabularySize = size, ContextLength = 256 };
                    Run(Console.Out, config, result.GetValue(device)!, result.GetValue(only), result.GetValue(rounds));
                }
            }
        });
        return command;
    }

    private static void Run(TextWriter output, TransformerConfig config, string device, int? only, int rounds)
    {
        using var network = new TransformerNetwork(config, DeviceChoice.Resolve(device));
        network.Initialize(1);
        var composed = new ComposedNetwork(network);
        RequireEqual(network, composed);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Likelihoods: {config.Name}, {config.NonEmbeddingParameterCount / 1e6:F1} M parameters outside embeddings, "
            + $"vocabulary {config.VocabularySize}, "
            + $"{Environment.ProcessorCount} cores, {torch.get_num_threads()} torch threads, {DeviceChoice.Describe(network.Device)}"));
        output.WriteLine(
            "q/s: questions per second. rows/q: network rows per question. s.e.: standard error of an option's log-likelihood, in nats.");
        output.WriteLine("                                     |  one request at a time, all logits       |  this library              "
            + "|  times faster than");
        output.WriteLine("case                                 | torch q/s  kernels q/s   rows/q    s.e. |      q/s   rows/q     s.e. "
            + "|   torch  kernels");
        LikelihoodCase[] cases =
        [
            new("prefix 64, answer 16, 128 samples", 64, 16, Options: 1, Questions: 2, Samples: 128),
            new("prefix 64, answer 1, 128 samples", 64, 1, Options: 1, Questions: 128, Samples: 128),
            new("prefix 200, four options of 12", 200, 12, Options: 4, Questions: 1, Samples: 128),
            new("prefix 64, answer 16, ours 8 samples", 64, 16, Options: 1, Questions: 16, Samples: 8),
        ];
        for (int i = 0; i < cases.Length; i++)
        {
            if (only is null || only == i + 1)
                Compare(output, network, composed, cases[i], rounds);
        }
    }

    private static void Compare(TextWriter output, TransformerNetwork network, ComposedNetwork composed, LikelihoodCase item, int rounds)
    {
        LikelihoodRequest[][] asked = item.Requests(network.Config);
        var scorer = new MaskedDiffusionScorer(new NetworkEvaluator(network), new LikelihoodOptions { Samples = item.Samples });
        // One option of one question: the loop's time grows with their number exactly.
        LikelihoodRequest first = asked[0][0];
        NaiveLoop.Warm(composed.Forward, network, first);
        NaiveLoop.Warm(network.Forward, network, first);
        scorer.ScoreQuestions(asked[..1]);

        double torchTime = double.PositiveInfinity, kernelTime = double.PositiveInfinity, ourTime = double.PositiveInfinity;
        double naiveError = 0, error = 0;
        long rows = 0;
        for (int round = 0; round < rounds; round++)
        {
            double onTorch = Seconds(() => naiveError = NaiveLoop.Score(composed.Forward, network, first).StandardError);
            double onKernels = Seconds(() => NaiveLoop.Score(network.Forward, network, first));
            long before = scorer.NetworkRows;
            double ours = Seconds(
                () => error = scorer.ScoreQuestions(asked).SelectMany(question => question).Average(estimate => estimate.StandardError));
            rows = scorer.NetworkRows - before;
            torchTime = Math.Min(torchTime, onTorch * item.Options);
            kernelTime = Math.Min(kernelTime, onKernels * item.Options);
            ourTime = Math.Min(ourTime, ours / item.Questions);
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{item.Name,-36} | {1 / torchTime,9:F3} {1 / kernelTime,12:F3} {NaiveLoop.Samples * item.Options,8} {naiveError,7:F2} | "
            + $"{1 / ourTime,8:F3} {(double)rows / item.Questions,8:F0} {error,8:F3} | "
            + $"{torchTime / ourTime,7:F1} {kernelTime / ourTime,8:F1}"));
    }

    private static double Seconds(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    // The comparison is meaningful only if both networks compute the same function.
    private static void RequireEqual(TransformerNetwork network, ComposedNetwork composed)
    {
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        var tokens = new TokenRows([.. Enumerable.Range(0, 24).Select(id => (long)id)], 12);
        double apart = (network.Forward(tokens) - composed.Forward(tokens)).abs().max().item<float>();
        if (!(apart < 1e-3))
            throw new InvalidOperationException($"The composed network's logits differ from ours by {apart}.");
    }
}
