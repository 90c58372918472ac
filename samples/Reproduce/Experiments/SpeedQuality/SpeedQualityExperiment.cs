using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.MaskedDiffusion;
using OxyPlot;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.SpeedQuality;

/// <summary>"Scaling up Masked Diffusion Models on Text" (Nie et al., 2024), Tables 3 and 4: quality of texts against time.</summary>
internal sealed class SpeedQualityExperiment : Experiment
{
    // Texts that repeat a few words are likely under any model. A setting counts as good as another only with so much of its entropy.
    private const double LeastEntropy = 0.97;

    /// <summary>The published setting; a test makes it smaller.</summary>
    public SpeedQualitySettings Published { get; init; } = SpeedQualitySettings.Published;

    public override string Name => "speed-quality";

    public override string Title => "Quality of written texts against the time that they take";

    public override string Full =>
        "writes texts of 1,024 tokens with the models of --model (taken as of 16 times the compute) and --baseline, which --judge judges";

    public override string Method =>
        "An autoregressive model and masked diffusion models of the same network learn the .NET reference documentation, masked diffusion "
        + "with 1, 4 and 16 times the steps. Each writes texts of 60 tokens at temperature 1, autoregressive with its cache of keys and "
        + "values, masked diffusion with several samplers and numbers of steps. A third, larger autoregressive model says how likely the "
        + "texts are; the entropy of a text's tokens and the share of different pairs of tokens show whether they repeat themselves. "
        + "Time is that of one text by itself. For each deterministic order, the exact perplexity of the sampler on held-out documents "
        + "(DUEL, 2026) stands beside.";

    public override ExperimentResult Measure(Run run)
    {
        SpeedQualitySettings settings = run.Options.IsFull ? Published : SpeedQualitySettings.Small;
        using SpeedQualityModels models =
            run.Options.IsFull ? SpeedQualityModels.Load(run) : SpeedQualityModels.Train(run, settings);
        MaskedDiffusionModel judge = models.Judge, autoregressive = models.Autoregressive;
        var written = new List<Written>
        {
            run.Stage("held-out texts",
                () => Judge(run, settings, judge, "held-out texts", 0, settings.NewTokens, [], HeldOutTexts(settings, models))),
            run.Stage("autoregressive",
                () => Write(run, settings, autoregressive, judge, ModelKind.Autoregressive.Words(), 1, Sampling(run))),
        };
        var perplexities = new List<Perplexity>
        {
            run.Stage("perplexity of the autoregressive model",
                () => Measure(run, settings, models, autoregressive, 1, LikelihoodMethod.ExactCount)),
        };
        foreach ((int compute, MaskedDiffusionModel model) in models.MaskedDiffusion)
        {
            bool isAll = compute == SpeedQualityModels.MostCompute;
            foreach ((string name, SamplingOptions sampling) in Samplers(run, settings, isAll))
            {
                written.Add(run.Stage($"{compute} times the compute: {name}",
                    () => Write(run, settings, model, judge, name, compute, sampling)));
            }
            perplexities.AddRange(
                from method in Methods(settings, isAll)
                select run.Stage($"{compute} times the compute: perplexity, {method}",
                    () => Measure(run, settings, models, model, compute, method)));
        }
        return Conclude(settings, [.. written], [.. perplexities]);
    }

    private static SamplingOptions Sampling(Run run) => new() { Temperature = 1, Seed = run.Options.Seed };

    // All samplers for the model of the most compute, the plain one for the others.
    private static IEnumerable<(string Name, SamplingOptions Sampling)> Samplers(Run run, SpeedQualitySettings settings, bool isAll)
    {
        foreach (string order in isAll ? settings.Orders : [SamplingOrder.Random.Name])
        {
            foreach (int steps in settings.Steps)
            {
                SamplingOptions sampling = Sampling(run);
                (sampling.Order, sampling.Steps) = (SamplingOrder.FromName(order), steps);
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

    private static IEnumerable<LikelihoodMethod> Methods(SpeedQualitySettings settings, bool isAll)
    {
        yield return LikelihoodMethod.ExactCount;
        if (!isAll)
            yield break;
        foreach (SamplingOrder order in settings.DeterministicOrders.Select(SamplingOrder.FromName))
        {
            yield return LikelihoodMethod.Sampler(order);
            yield return LikelihoodMethod.Sampler(order, steps: settings.Steps[0]);
        }
    }

    private static Written Write(
        Run run, SpeedQualitySettings settings, MaskedDiffusionModel model, MaskedDiffusionModel judge, string name, int compute,
        SamplingOptions sampling)
    {
        var options = new GenerationOptions { MaxNewTokens = settings.NewTokens, MinNewTokens = settings.NewTokens, Sampling = sampling };
        GeneratedText[] texts = new TextGenerator(model, options).GenerateSamples("", run.Options.Scaled(settings.Texts));
        double[] seconds =
        [
            .. Enumerable.Range(1, run.Options.Scaled(settings.TimedTexts)).Select(i => Time(model, options, run.Options.Seed + i)),
        ];
        return Judge(run, settings, judge, name, compute, texts.Average(text => (double)text.StepCount), seconds,
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
        Run run, SpeedQualitySettings settings, MaskedDiffusionModel judge, string name, int compute, double passes, double[] seconds,
        IReadOnlyList<string> texts)
    {
        texts = [.. texts.Where(text => text.Length > 0).Take(run.Options.Scaled(settings.Texts))];
        if (texts.Count == 0)
            throw new InvalidOperationException($"{name}: all texts are empty, so there is nothing to judge. Use a larger --scale.");
        TextLikelihood[] likelihoods = new LikelihoodScorer(judge, contextOverflow: ContextOverflow.KeepEnd)
            .Score([.. texts.Select(text => new ScoredText(text))]);
        int[][] tokens = [.. texts.Select(text => judge.Tokenizer.Encode(text).ToArray())];
        return new Written(
            name, compute, passes,
            seconds.Length == 0 ? null : Interval.OfMean([.. seconds.Select(second => settings.NewTokens / second)]),
            Interval.OfMean([.. likelihoods.Select(one => one.NegativeLogLikelihood / Math.Max(1, one.TokenCount))]),
            Interval.OfMean([.. tokens.Select(TextStatistics.Entropy)]), TextStatistics.DistinctPairs(tokens));
    }

    // As long as the written ones, documents joined as in training.
    private static string[] HeldOutTexts(SpeedQualitySettings settings, SpeedQualityModels models)
    {
        TextTokenizer tokenizer = models.Judge.Tokenizer;
        int[] tokens = [.. models.HeldOut.SelectMany(row => tokenizer.Encode(row.Text + "\n"))];
        return
        [
            .. tokens.Chunk(settings.NewTokens).Where(chunk => chunk.Length == settings.NewTokens).Select(chunk => tokenizer.Decode(chunk)),
        ];
    }

    private static Perplexity Measure(
        Run run, SpeedQualitySettings settings, SpeedQualityModels models, MaskedDiffusionModel model, int compute, LikelihoodMethod method)
    {
        var options = new PerplexityOptions { Likelihood = { Method = method } };
        EvaluationMetric nats = new PerplexityEvaluator(model, options).Evaluate(
            models.HeldOut.Take(run.Options.Scaled(settings.HeldOutDocuments)).Select(row => new PerplexityDocument(row.Text)))
            .All.NegativeLogLikelihood;
        return new Perplexity(
            model.Config.Autoregressive ? ModelKind.Autoregressive.Words() : method.Name, compute,
            Interval.OfStandardError(nats.Value, nats.StandardError).Of(Math.Exp));
    }

    private static ExperimentResult Conclude(SpeedQualitySettings settings, Written[] written, Perplexity[] perplexities)
    {
        Written other = written[1];
        Written[] masked = [.. written.Where(one => one.Compute == SpeedQualityModels.MostCompute)];
        Written[] equal = [.. masked.Where(one => IsAsGood(one, other))];
        Written? fastest = equal.MaxBy(one => one.TokensPerSecond!.Value);
        Written[] plain = [.. masked.Take(settings.Steps.Length)];
        Perplexity bound = perplexities.Last(one => one.Method == LikelihoodMethod.ExactCount.Name);
        Perplexity best = perplexities.Where(one => one.Compute == SpeedQualityModels.MostCompute).MinBy(one => one.Value.Value)!;
        ClaimResult[] claims =
        [
            new("With 16 times the compute masked diffusion writes texts as good as an autoregressive model's in less time.",
                "as good at 1.4 times the speed", fastest is null ? "no setting is as good" : Compared(fastest, other),
                fastest is null ? Verdict.DoesNotHold
                    : fastest.TokensPerSecond!.Low > other.TokensPerSecond!.High ? Verdict.Holds : Verdict.HoldsInPart),
            new("More steps write better texts.", "scores of 1.40, 1.56, 1.60 with 64, 128, 256 steps",
                $"nats per token in random order with {string.Join(", ", settings.Steps)} steps: "
                + string.Join(", ", plain.Select(one => one.Nats)),
                Verdicts.IsBelow(plain[^1].Nats, plain[0].Nats)),
            new("The exact perplexity of a sampler with an order of its own is below the bound of all orders.",
                "reported for DUEL (2026), without a figure here", $"{best.Method} {best.Value}, bound {bound.Value}",
                Verdicts.IsBelow(best.Value, bound.Value)),
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
        return new ExperimentResult(claims, [texts, held], new { Settings = settings, LeastEntropy }, Plot(settings, written));
    }

    private static bool IsAsGood(Written one, Written other) =>
        one.Nats.Low <= other.Nats.High && one.Entropy.Value >= LeastEntropy * other.Entropy.Value;

    private static string Compared(Written one, Written other) => string.Create(CultureInfo.InvariantCulture,
        $"{one.Name}: {one.Nats} nats per token against {other.Nats}, {one.TokensPerSecond} tokens/s against {other.TokensPerSecond}, "
        + $"{one.TokensPerSecond!.Value / other.TokensPerSecond!.Value:F2} times the speed");

    private static PlotModel Plot(SpeedQualitySettings settings, Written[] written)
    {
        PlotModel plot = Plots.Empty("tokens per second, one text at a time", "nats per token under the third model", isXLogarithmic: true);
        IEnumerable<(double, Interval)> Points(IEnumerable<Written> some) => some.Select(one => (one.TokensPerSecond!.Value, one.Nats));
        Plots.Add(plot, "autoregressive, cached", 6, Points([written[1]]), isLine: false);
        int look = 0;
        foreach (int compute in written.Skip(2).Select(one => one.Compute).Distinct())
        {
            Written[] plain = [.. written.Where(one => one.Compute == compute && one.Name.StartsWith("Random", StringComparison.Ordinal))];
            Plots.Add(plot, $"random order, {compute} x", look++, Points(plain));
        }
        foreach (string order in settings.Orders.Skip(1))
        {
            Plots.Add(plot, $"{order}, {SpeedQualityModels.MostCompute} x", look++, Points(written.Where(one =>
                one.Compute == SpeedQualityModels.MostCompute && one.Name.StartsWith(order, StringComparison.Ordinal)
                && one.Name.EndsWith("steps", StringComparison.Ordinal))));
        }
        return plot;
    }

    /// <summary>Texts of one setting; Passes are those of the network for a text, Nats are under the third model.</summary>
    private sealed record Written(
        string Name, int Compute, double Passes, Interval? TokensPerSecond, Interval Nats, Interval Entropy, double DistinctPairs);

    private sealed record Perplexity(string Method, int Compute, Interval Value);
}
