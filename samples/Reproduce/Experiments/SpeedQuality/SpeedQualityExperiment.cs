using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.MaskedDiffusion;
using OxyPlot;
using Reproduce.Experiments.Common;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.SpeedQuality;

/// <summary>"Scaling up Masked Diffusion Models on Text" (Nie et al., 2024), Tables 3 and 4: quality of texts against time.</summary>
internal sealed class SpeedQualityExperiment : Experiment
{
    private const int VocabularySize = 1024, ContextLength = 64, BatchSize = 16, NewTokens = 60;

    // The autoregressive model's steps, and the multiples of it that masked diffusion is given.
    private const int TrainingSteps = 400, JudgeSteps = 3000;
    private const int Texts = 100, TimedTexts = 5, HeldOutDocuments = 200;

    // Texts that repeat a few words are likely under any model. A setting counts as good as another only with so much of its entropy.
    private const double LeastEntropy = 0.97;

    private static readonly int[] Computes = [1, 4, 16];
    private static readonly int[] Steps = [4, 8, 16, 32, NewTokens];

    private static readonly SamplingOrder[] Orders =
        [SamplingOrder.Random, SamplingOrder.Confidence, SamplingOrder.TopProbability, SamplingOrder.Entropy];

    // Those of which the exact perplexity is known: no draw decides where they write.
    private static readonly SamplingOrder[] DeterministicOrders =
        [SamplingOrder.TopProbability, SamplingOrder.Margin, SamplingOrder.Entropy, SamplingOrder.LeftToRight];

    private static readonly TransformerConfig Network = Config("writer", layers: 3, width: 96);
    private static readonly TransformerConfig JudgeNetwork = Config("judge", layers: 4, width: 128);

    public override string Name => "speed-quality";

    public override string Title => "Quality of written texts against the time that they take";

    public override string Method =>
        "An autoregressive model and masked diffusion models of the same network learn the .NET reference documentation, masked diffusion "
        + "with 1, 4 and 16 times the steps. Each writes texts of 60 tokens at temperature 1, autoregressive with its cache of keys and "
        + "values, masked diffusion with several samplers and numbers of steps. A third, larger autoregressive model says how likely the "
        + "texts are; the entropy of a text's tokens and the share of different pairs of tokens show whether they repeat themselves. "
        + "Time is that of one text by itself. For each deterministic order, the exact perplexity of the sampler on held-out documents "
        + "(DUEL, 2026) stands beside.";

    public override ExperimentResult Measure(Run run)
    {
        DocumentationTokens text = DocumentationTokens.Read(run, VocabularySize);
        using MaskedDiffusionModel judge = run.Train(
            "judge", ModelKind.Autoregressive, Options(run, text, JudgeNetwork, JudgeSteps, ModelKind.Autoregressive), text.Training);
        using MaskedDiffusionModel autoregressive = run.Train(
            "autoregressive", ModelKind.Autoregressive, Options(run, text, Network, TrainingSteps, ModelKind.Autoregressive), text.Training);
        var written = new List<Written>
        {
            run.Stage("held-out texts", () => Judge(run, judge, "held-out texts", 0, NewTokens, [], HeldOutTexts(text))),
            run.Stage("autoregressive", () => Write(run, autoregressive, judge, ModelKind.Autoregressive.Words(), 1, Sampling(run))),
        };
        var perplexities = new List<Perplexity>();
        foreach (int compute in Computes)
        {
            using MaskedDiffusionModel model = run.Train(
                $"masked-diffusion-{compute}", ModelKind.MaskedDiffusion,
                Options(run, text, Network, TrainingSteps * compute, ModelKind.MaskedDiffusion), text.Training);
            foreach ((string name, SamplingOptions sampling) in Samplers(run, isAll: compute == Computes[^1]))
                written.Add(run.Stage($"{compute} times the compute: {name}", () => Write(run, model, judge, name, compute, sampling)));
            perplexities.AddRange(
                from method in Methods(isAll: compute == Computes[^1])
                select run.Stage($"{compute} times the compute: perplexity, {method}",
                    () => Measure(run, text, model, compute, method)));
        }
        perplexities.Insert(0, run.Stage("perplexity of the autoregressive model",
            () => Measure(run, text, autoregressive, 1, LikelihoodMethod.ExactCount)));
        return Conclude([.. written], [.. perplexities], Options(run, text, Network, TrainingSteps, ModelKind.MaskedDiffusion));
    }

    private static TransformerConfig Config(string name, int layers, int width) => new()
    {
        Name = name, LayerCount = layers, HeadCount = width / 32, EmbeddingSize = width, FeedForwardSize = 4 * width,
        VocabularySize = VocabularySize, ContextLength = ContextLength,
    };

    private static TrainerOptions Options(Run run, DocumentationTokens text, TransformerConfig network, int steps, ModelKind kind)
    {
        var options = new TrainerOptions
        {
            Network = network,
            Tokenizer = TokenizerSource.FromTokenizer(text.Tokenizer),
            BatchSize = BatchSize,
            MaxSteps = run.Options.Scaled(steps),
            LearningRate = 3e-3,
            Optimizer = { Beta2 = 0.99, MinLearningRateRatio = 0.01 },
        };
        if (kind == ModelKind.MaskedDiffusion)
            (options.Noise.LossWeighting, options.Noise.Levels) = (LossWeighting.Uniform, NoiseLevels.Stratified);
        return options;
    }

    private static SamplingOptions Sampling(Run run) => new() { Temperature = 1, Seed = run.Options.Seed };

    // All samplers for the model of the most compute, the plain one for the others.
    private static IEnumerable<(string Name, SamplingOptions Sampling)> Samplers(Run run, bool isAll)
    {
        foreach (SamplingOrder order in isAll ? Orders : [SamplingOrder.Random])
        {
            foreach (int steps in Steps)
            {
                SamplingOptions sampling = Sampling(run);
                (sampling.Order, sampling.Steps) = (order, steps);
                yield return ($"{order}, {steps} steps", sampling);
            }
        }
        foreach (TokensPerStep rule in isAll ? [TokensPerStep.Threshold(0.9), TokensPerStep.EntropyBound(1)] : Array.Empty<TokensPerStep>())
        {
            SamplingOptions sampling = Sampling(run);
            sampling.TokensPerStep = rule;
            yield return ($"{sampling.Order}, {rule}", sampling);
        }
    }

    private static IEnumerable<LikelihoodMethod> Methods(bool isAll)
    {
        yield return LikelihoodMethod.ExactCount;
        if (!isAll)
            yield break;
        foreach (SamplingOrder order in DeterministicOrders)
        {
            yield return LikelihoodMethod.Sampler(order);
            yield return LikelihoodMethod.Sampler(order, steps: Steps[0]);
        }
    }

    private static Written Write(
        Run run, MaskedDiffusionModel model, MaskedDiffusionModel judge, string name, int compute, SamplingOptions sampling)
    {
        var options = new GenerationOptions { MaxNewTokens = NewTokens, MinNewTokens = NewTokens, Sampling = sampling };
        var generator = new TextGenerator(model, options);
        GeneratedText[] texts = generator.GenerateSamples("", run.Options.Scaled(Texts));
        double[] seconds = [.. Enumerable.Range(0, TimedTexts).Select(i => Time(model, options, run.Options.Seed + 1 + i))];
        return Judge(run, judge, name, compute, texts.Average(text => (double)text.StepCount), seconds,
            [.. texts.Select(text => text.Text)]);
    }

    private static double Time(MaskedDiffusionModel model, GenerationOptions options, int seed)
    {
        options.Sampling.Seed = seed;
        var generator = new TextGenerator(model, options);
        var watch = Stopwatch.StartNew();
        generator.Generate("");
        return watch.Elapsed.TotalSeconds;
    }

    private static Written Judge(
        Run run, MaskedDiffusionModel judge, string name, int compute, double steps, double[] seconds, IReadOnlyList<string> texts)
    {
        texts = [.. texts.Where(text => text.Length > 0).Take(run.Options.Scaled(Texts))];
        if (texts.Count == 0)
            throw new InvalidOperationException($"{name}: all texts are empty, so there is nothing to judge. Use a larger --scale.");
        TextLikelihood[] likelihoods = new LikelihoodScorer(judge, contextOverflow: ContextOverflow.KeepEnd)
            .Score([.. texts.Select(text => new ScoredText(text))]);
        int[][] tokens = [.. texts.Select(text => judge.Tokenizer.Encode(text).ToArray())];
        return new Written(
            name, compute, steps, seconds.Length == 0 ? null : Interval.OfMean([.. seconds.Select(second => NewTokens / second)]),
            Interval.OfMean([.. likelihoods.Select(one => one.NegativeLogLikelihood / Math.Max(1, one.TokenCount))]),
            Interval.OfMean([.. tokens.Select(TextStatistics.Entropy)]), TextStatistics.DistinctPairs(tokens));
    }

    // As long as the written ones, documents joined as in training.
    private static string[] HeldOutTexts(DocumentationTokens text)
    {
        int[] tokens =
        [
            .. text.Sets.HeldOut.Take(20 * Texts).SelectMany(row => text.Tokenizer.Encode(row.Text + "\n")),
        ];
        return [.. tokens.Chunk(NewTokens).Where(chunk => chunk.Length == NewTokens).Select(chunk => text.Tokenizer.Decode(chunk))];
    }

    private static Perplexity Measure(Run run, DocumentationTokens text, MaskedDiffusionModel model, int compute, LikelihoodMethod method)
    {
        var options = new PerplexityOptions { Likelihood = { Method = method } };
        EvaluationMetric nats = new PerplexityEvaluator(model, options).Evaluate(
            text.Sets.HeldOut.Take(run.Options.Scaled(HeldOutDocuments)).Select(row => new PerplexityDocument(row.Text)))
            .All.NegativeLogLikelihood;
        return new Perplexity(
            model.Config.Autoregressive ? ModelKind.Autoregressive.Words() : method.Name, compute,
            Interval.OfStandardError(nats.Value, nats.StandardError).Of(Math.Exp));
    }

    private static ExperimentResult Conclude(Written[] written, Perplexity[] perplexities, TrainerOptions options)
    {
        Written other = written[1];
        Written[] masked = [.. written.Where(one => one.Compute == Computes[^1])];
        Written[] equal = [.. masked.Where(one => IsAsGood(one, other))];
        Written? fastest = equal.MaxBy(one => one.TokensPerSecond!.Value);
        Written[] plain = [.. masked.Take(Steps.Length)];
        Perplexity bound = perplexities.Last(one => one.Method == LikelihoodMethod.ExactCount.Name);
        Perplexity best = perplexities.Where(one => one.Compute == Computes[^1]).MinBy(one => one.Value.Value)!;
        ClaimResult[] claims =
        [
            new("With 16 times the compute masked diffusion writes texts as good as an autoregressive model's in less time.",
                "as good at 1.4 times the speed", fastest is null ? "no setting is as good" : Compared(fastest, other),
                fastest is null ? Verdict.DoesNotHold
                    : fastest.TokensPerSecond!.Low > other.TokensPerSecond!.High ? Verdict.Holds : Verdict.HoldsInPart),
            new("More steps write better texts.", "scores of 1.40, 1.56, 1.60 with 64, 128, 256 steps",
                $"nats per token in random order with {string.Join(", ", Steps)} steps: {string.Join(", ", plain.Select(one => one.Nats))}",
                plain[^1].Nats.High < plain[0].Nats.Low ? Verdict.Holds : Verdict.DoesNotHold),
            new("The exact perplexity of a sampler with an order of its own is below the bound of all orders.",
                "reported for DUEL (2026), without a figure here", $"{best.Method} {best.Value}, bound {bound.Value}",
                best.Value.High < bound.Value.Low ? Verdict.Holds
                    : best.Value.Value < bound.Value.Value ? Verdict.HoldsInPart : Verdict.DoesNotHold),
        ];
        ResultTable texts = new("Written texts",
            ["compute", "sampler", "passes", "tokens/s", "nats per token (judge)", "entropy (nats)", "different pairs (%)"],
        [
            .. written.Select(one => new object[]
            {
                one.Compute, one.Name, one.Passes, (object?)one.TokensPerSecond ?? "", one.Nats, one.Entropy, 100 * one.DistinctPairs,
            }),
        ]);
        ResultTable held = new("Perplexity per token on held-out documents", ["compute", "method", "perplexity"],
            [.. perplexities.Select(one => new object[] { one.Compute, one.Method, one.Value })]);
        return new ExperimentResult(claims, [texts, held], new
        {
            Network,
            JudgeNetwork,
            TrainingSteps,
            JudgeSteps,
            Computes,
            options.BatchSize,
            options.LearningRate,
            options.Optimizer.Beta2,
            NewTokens,
            Texts,
            TimedTexts,
            LeastEntropy,
        }, Plot(written));
    }

    private static bool IsAsGood(Written one, Written other) =>
        one.Nats.Low <= other.Nats.High && one.Entropy.Value >= LeastEntropy * other.Entropy.Value;

    private static string Compared(Written one, Written other) => string.Create(CultureInfo.InvariantCulture,
        $"{one.Name}: {one.Nats} nats per token against {other.Nats}, {one.TokensPerSecond} tokens/s against {other.TokensPerSecond}, "
        + $"{one.TokensPerSecond!.Value / other.TokensPerSecond!.Value:F2} times the speed");

    private static PlotModel Plot(Written[] written)
    {
        PlotModel plot = Plots.Empty("tokens per second, one text at a time", "nats per token under the third model", isXLogarithmic: true);
        IEnumerable<(double, Interval)> Points(IEnumerable<Written> some) => some.Select(one => (one.TokensPerSecond!.Value, one.Nats));
        Plots.Add(plot, "autoregressive, cached", 6, Points([written[1]]), isLine: false);
        int look = 0;
        foreach (int compute in Computes)
        {
            Written[] plain = [.. written.Where(one => one.Compute == compute && one.Name.StartsWith("Random", StringComparison.Ordinal))];
            Plots.Add(plot, $"random order, {compute} x", look++, Points(plain));
        }
        foreach (SamplingOrder order in Orders.Skip(1))
        {
            Plots.Add(plot, $"{order.Name.ToLowerInvariant()}, {Computes[^1]} x", look++, Points(written.Where(one =>
                one.Compute == Computes[^1] && one.Name.StartsWith(order.Name, StringComparison.Ordinal)
                && one.Name.EndsWith("steps", StringComparison.Ordinal))));
        }
        return plot;
    }

    /// <summary>Texts of one setting; Passes are those of the network for a text, Nats are under the third model.</summary>
    private sealed record Written(
        string Name, int Compute, double Passes, Interval? TokensPerSecond, Interval Nats, Interval Entropy, double DistinctPairs);

    private sealed record Perplexity(string Method, int Compute, Interval Value);
}
