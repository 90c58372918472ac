using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Diffusion;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>
/// Questions per second of the likelihood scorer beside the loop the Python evaluation runs (one request at a time, its own Monte Carlo estimator, logits of
/// all positions), on the same network in the same process.
/// </summary>
internal static class LikelihoodBenchmark
{
    private const int NaiveBatch = 16;

    public static Command Command()
    {
        var device = new Option<string>("--device") { Description = "auto, cpu, cuda or cuda:1", DefaultValueFactory = _ => "cpu" };
        var vocabulary = new Option<int[]>("--vocabulary")
        {
            Description = "tokens of the 6M preset's vocabulary",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [32000, 4096],
        };
        var command = new Command("likelihood", "questions per second of the likelihood scorer against one request at a time") { device, vocabulary };
        command.SetAction(result =>
        {
            foreach (int size in result.GetValue(vocabulary)!)
                Run(Console.Out, TransformerConfig.FromPreset("6M") with { VocabularySize = size, ContextLength = 256 }, result.GetValue(device)!);
        });
        return command;
    }

    private static void Run(TextWriter output, TransformerConfig config, string device)
    {
        using var network = new TransformerNetwork(config, DeviceChoice.Resolve(device));
        network.Initialize(1);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Likelihoods: {config.Name}, {config.NonEmbeddingParameterCount / 1e6:F1} M parameters, vocabulary {config.VocabularySize}, {Environment.ProcessorCount} cores, {DeviceChoice.Describe(network.Device)}"));
        output.WriteLine("case                                   naive q/s  rows/q   s.e.    ours q/s  rows/q   s.e.   times faster");
        Compare(output, network, "prefix 64, answer 16, 128 samples", 64, 16, options: 1, questions: 4, naiveQuestions: 2, samples: 128);
        Compare(output, network, "prefix 64, answer 1, 128 samples", 64, 1, options: 1, questions: 128, naiveQuestions: 2, samples: 128);
        Compare(output, network, "prefix 200, four options of 12", 200, 12, options: 4, questions: 1, naiveQuestions: 1, samples: 128);
    }

    private static void Compare(
        TextWriter output, TransformerNetwork network, string name, int prefix, int answer, int options, int questions, int naiveQuestions, int samples)
    {
        LikelihoodRequest[][] asked = [.. Enumerable.Range(0, questions).Select(question => Question(network.Config, question, prefix, answer, options))];
        var scorer = new LikelihoodScorer(new NetworkEvaluator(network), new LikelihoodOptions { Samples = samples });
        scorer.ScoreQuestions(asked[..1]);
        Naive(network, asked[0][0], NaiveBatch);

        long start = Stopwatch.GetTimestamp();
        double naiveError = 0;
        foreach (LikelihoodRequest request in asked[..naiveQuestions].SelectMany(question => question)) naiveError += Naive(network, request, samples);
        double naive = naiveQuestions / Stopwatch.GetElapsedTime(start).TotalSeconds;

        long before = scorer.NetworkRows;
        start = Stopwatch.GetTimestamp();
        LikelihoodEstimate[][] estimates = scorer.ScoreQuestions(asked);
        double ours = questions / Stopwatch.GetElapsedTime(start).TotalSeconds;
        double error = estimates.SelectMany(question => question).Average(estimate => estimate.StandardError);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-36} {naive,11:F2} {samples * options,7} {naiveError / (naiveQuestions * options),6:F2} {ours,11:F2} {(double)(scorer.NetworkRows - before) / questions,7:F0} {error,6:F3} {ours / naive,14:F1}"));
    }

    private static LikelihoodRequest[] Question(TransformerConfig config, int question, int prefix, int answer, int options)
    {
        var random = new CounterRandom(1, (ulong)question, RandomPurpose.Example);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextInt32(config.VocabularySize))];
        int[] context = Ids(prefix);
        return [.. Enumerable.Range(0, options).Select(_ => new LikelihoodRequest(context, Ids(answer)) { RandomKey = ContentKey.Of(context) })];
    }

    // Returns the standard error of the Monte Carlo rounds' mean, as one would compute it from the Python loop's values.
    private static double Naive(TransformerNetwork network, LikelihoodRequest request, int samples)
    {
        var key = new RoundKey(request.Answer.Length, samples, NaiveBatch, null, 1, ContentKey.Of(request.Context), 0);
        int length = request.Context.Length + request.Answer.Length, start = request.Context.Length;
        var values = new List<double>();
        for (int first = 0; first < samples; first += NaiveBatch)
        {
            using var scope = torch.NewDisposeScope();
            using IDisposable noGradient = torch.no_grad();
            var levels = new float[NaiveBatch];
            ForwardProcess.Stratify(key.Comb(first).NextSingle(), levels);
            var ids = new long[NaiveBatch * length];
            var (places, targets, weights) = (new List<long>(), new List<long>(), new List<float>());
            for (int row = 0; row < NaiveBatch; row++)
            {
                CounterRandom random = key.Sample(first + row);
                for (int i = 0; i < length; i++)
                {
                    int at = row * length + i;
                    ids[at] = i < start ? request.Context[i] : request.Answer[i - start];
                    if (i < start || random.NextSingle() >= levels[row]) continue;
                    places.Add(at);
                    targets.Add(ids[at]);
                    weights.Add(levels[row]);
                    ids[at] = network.Config.MaskTokenId;
                }
            }
            torch.Tensor logits = network.Forward(torch.tensor(ids, [NaiveBatch, length], device: network.Device)).view(ids.Length, network.Config.VocabularySize);
            torch.Tensor masked = logits.index_select(0, torch.tensor(places.ToArray(), device: network.Device));
            torch.Tensor losses = Fused.CrossEntropy(masked, torch.tensor(targets.ToArray(), device: network.Device)) / torch.tensor(weights.ToArray(), device: network.Device);
            values.Add(losses.sum().to(torch.ScalarType.Float64, torch.CPU).item<double>() / NaiveBatch);
        }
        double mean = values.Average();
        return values.Count < 2 ? double.NaN : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1) / values.Count);
    }
}
