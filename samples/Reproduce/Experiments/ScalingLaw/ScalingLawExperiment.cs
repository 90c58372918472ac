using System.Globalization;
using DocumentationDemo;
using DocumentationDemo.Corpus;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using OxyPlot;
using Reproduce.Experiments.Common;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.ScalingLaw;

/// <summary>"Scaling up Masked Diffusion Models on Text" (Nie et al., 2024), section 3: losses at equal compute.</summary>
internal sealed class ScalingLawExperiment : Experiment
{
    private const int VocabularySize = 1024, ContextLength = 64, BatchSize = 16, HeldOutDocuments = 300, Blocks = 30, Resamples = 1000;
    private const double LeastFlops = 3e11;

    // More than there are; a run of less scale reads less text.
    private const int MostDocuments = 1_000_000;

    private static readonly double[] Budgets = [LeastFlops, 2 * LeastFlops, 4 * LeastFlops, 8 * LeastFlops];
    private static readonly (int Layers, int Width)[] Sizes = [(2, 32), (2, 48), (3, 64), (3, 96), (4, 128)];

    public override string Name => "scaling-law";

    public override string Title => "Loss against compute for masked diffusion and autoregressive models";

    public override string Method =>
        "IsoFLOP curves: for each of four budgets C = 6 N D, five networks of N parameters outside embeddings are trained on D tokens of "
        + "the .NET reference documentation, as masked diffusion and as autoregressive models with the same options. A parabola of the "
        + "loss on held-out documents over log N gives the least loss of a budget, and a line through the logarithms of the least losses "
        + "the power law. The masked diffusion model's loss is an upper bound, the autoregressive model's is exact. Intervals are from a "
        + "bootstrap over 30 blocks of held-out documents, the same ones for all models; they do not hold the variation between trainings.";

    public override bool HasPublishedFigures => true;

    public override ExperimentResult Measure(Run run) => run.Options.IsSimulated ? Simulate() : Train(run);

    // The paper's own points through the same fit.
    private static ExperimentResult Simulate()
    {
        PowerLaw masked = PowerLaw.Fit(PublishedPoints.Flops.Zip(PublishedPoints.MaskedDiffusion));
        PowerLaw autoregressive = PowerLaw.Fit(PublishedPoints.Flops.Zip(PublishedPoints.Autoregressive));
        double[] gaps = [.. PublishedPoints.Flops.Select(flops => Gap(masked, autoregressive, flops))];
        ClaimResult[] claims =
        [
            Compare("masked diffusion", masked, PublishedPoints.MaskedDiffusionLaw),
            Compare("autoregressive", autoregressive, PublishedPoints.AutoregressiveLaw),
            new("Masked diffusion needs about 16 times the compute.", "16",
                string.Create(CultureInfo.InvariantCulture, $"{gaps.Min():F1} to {gaps.Max():F1} over the budgets"),
                gaps.All(gap => gap is > 14 and < 18) ? Verdict.Holds : Verdict.DoesNotHold),
        ];
        PlotModel plot = Plots.Empty("training compute (FLOPs)", "loss (nats per token)", isXLogarithmic: true, isYLogarithmic: true);
        AddLaw(plot, ModelKind.MaskedDiffusion.Words(), 0, masked, PublishedPoints.Flops, PublishedPoints.MaskedDiffusion);
        AddLaw(plot, ModelKind.Autoregressive.Words(), 1, autoregressive, PublishedPoints.Flops, PublishedPoints.Autoregressive);
        ResultTable table = new("Losses of the paper's figure, and the fits", ["FLOPs", "masked diffusion", "fit", "autoregressive", "fit"],
        [
            .. PublishedPoints.Flops.Select((flops, i) => new object[]
            {
                flops, PublishedPoints.MaskedDiffusion[i], masked.At(flops), PublishedPoints.Autoregressive[i], autoregressive.At(flops),
            }),
        ]);
        return new ExperimentResult(claims, [table], new { Source = "the paper's figure of losses, digitised" }, plot);

        static ClaimResult Compare(string name, PowerLaw law, PowerLaw published)
        {
            double apart = PublishedPoints.Flops.Max(flops => Math.Abs(law.At(flops) / published.At(flops) - 1));
            return new ClaimResult(
                $"The fit of the paper's {name} losses", published.ToString(),
                string.Create(CultureInfo.InvariantCulture, $"{law}, at most {apart:P2} apart at the budgets"),
                apart <= PublishedPoints.ReadingError ? Verdict.Holds : Verdict.DoesNotHold);
        }
    }

    private static ExperimentResult Train(Run run)
    {
        CorpusSets sets = CorpusSets.Read(run.MLContext, new DemoOptions { Seed = run.Options.Seed }, CancellationToken.None);
        // Text is turned into tokens once for all trainings.
        IDataView training = run.MLContext.Data.TakeRows(sets.Training, run.Options.Scaled(MostDocuments));
        TextTokenizer tokenizer = TrainedTokenizer.Of(run, "tokenizer", training, VocabularySize);
        PackedCorpus tokens = Tokens(run, training, tokenizer);
        Point[] points =
        [
            .. from kind in Enum.GetValues<ModelKind>()
               from budget in Budgets
               from size in Sizes
               let flops = budget * run.Options.Scale
               let config = Network(size.Layers, size.Width)
               select run.Stage($"{kind.Words()}, {flops:0.##E0} FLOPs, {config.NonEmbeddingParameterCount} parameters",
                   () => MeasurePoint(run, sets, tokens, tokenizer, kind, flops, config)),
        ];
        return Conclude(run, points);
    }

    private static TransformerConfig Network(int layers, int width) => new()
    {
        Name = $"{layers}x{width}",
        LayerCount = layers,
        HeadCount = width / 16,
        EmbeddingSize = width,
        FeedForwardSize = 4 * width,
        VocabularySize = VocabularySize,
        ContextLength = ContextLength,
    };

    private static PackedCorpus Tokens(Run run, IDataView training, TextTokenizer tokenizer)
    {
        MaskedDiffusionCatalog catalog = run.MLContext.MaskedDiffusion();
        string folder = run.Subfolder("tokens");
        long count = run.Stage("tokens", () =>
        {
            Directory.Delete(folder, recursive: true);
            return catalog.SavePackedTokens(training, tokenizer, folder).Tokens;
        });
        Console.WriteLine($"{count:N0} tokens to train on");
        return catalog.LoadPackedTokens(folder);
    }

    private static Point MeasurePoint(
        Run run, CorpusSets sets, PackedCorpus tokens, TextTokenizer tokenizer, ModelKind kind, double flops, TransformerConfig network)
    {
        var options = new TrainerOptions
        {
            Network = network,
            Tokenizer = TokenizerSource.FromTokenizer(tokenizer),
            BatchSize = BatchSize,
            Budget = { MaxFlops = flops },
            LearningRate = 3e-3 * Math.Sqrt(128.0 / network.EmbeddingSize),
            Optimizer = { Beta2 = 0.99 },
            Noise = { Levels = kind == ModelKind.MaskedDiffusion ? NoiseLevels.Stratified : NoiseLevels.Independent },
        };
        string name = $"{kind}-{flops:0.##E0}-{network.Name}";
        using MaskedDiffusionModel model = run.Train(name, kind, options, tokens);
        IEnumerable<PerplexityDocument> documents = sets.HeldOut.Take(run.Options.Scaled(HeldOutDocuments))
            .Select((row, i) => new PerplexityDocument(row.Text, $"{i % Blocks:D2}"));
        PerplexityFigures[] blocks = [.. new PerplexityEvaluator(model).Evaluate(documents).Groups];
        run.Forget(name);
        return new Point(kind, flops, network.NonEmbeddingParameterCount,
            [.. blocks.Select(block => block.NegativeLogLikelihood.Value * block.TokenCount)],
            [.. blocks.Select(block => block.TokenCount)]);
    }

    private static ExperimentResult Conclude(Run run, Point[] points)
    {
        var random = new Random(run.Options.Seed);
        int blocks = points[0].Tokens.Length;
        int[][] draws =
            [.. Enumerable.Range(0, Resamples).Select(_ => Enumerable.Range(0, blocks).Select(_ => random.Next(blocks)).ToArray())];
        Law masked = LawOf(points, ModelKind.MaskedDiffusion, draws), autoregressive = LawOf(points, ModelKind.Autoregressive, draws);
        double middle = Math.Sqrt(points.Min(point => point.Flops) * points.Max(point => point.Flops));
        double gap = Gap(masked.OfLoss, autoregressive.OfLoss, middle);
        Interval gaps = Between(gap,
            masked.Resampled.Zip(autoregressive.Resampled, (one, other) => Gap(one, other, middle)).Where(double.IsFinite));
        Interval maskedExponent = Between(masked.OfLoss.Exponent, masked.Resampled.Select(law => law.Exponent));
        Interval otherExponent = Between(autoregressive.OfLoss.Exponent, autoregressive.Resampled.Select(law => law.Exponent));
        double ratio = autoregressive.Curves.Zip(masked.Curves, (ar, mdm) => ar.BestParameters / mdm.BestParameters).Average();
        ClaimResult[] claims =
        [
            new("The loss of both falls as a power of compute, at about the same rate.", "exponents -0.0626 and -0.0642",
                $"exponents {maskedExponent} and {otherExponent}",
                !(maskedExponent.High < 0 && otherExponent.High < 0) ? Verdict.DoesNotHold
                    : maskedExponent.Overlaps(otherExponent) ? Verdict.Holds : Verdict.HoldsInPart),
            new("Masked diffusion needs about 16 times the compute for the same loss.", "16 (15.3 to 16.5)", $"{gaps}",
                gaps.Low <= 16 && gaps.High >= 16 ? Verdict.Holds : gaps.Low > 1 ? Verdict.HoldsInPart : Verdict.DoesNotHold),
            new("At the same compute the best masked diffusion model has half the parameters.", "autoregressive / masked = 1.8 to 2.1",
                string.Create(CultureInfo.InvariantCulture, $"{ratio:F2} on average"),
                ratio is > 1.5 and < 2.7 ? Verdict.Holds : ratio > 1 ? Verdict.HoldsInPart : Verdict.DoesNotHold),
        ];
        ResultTable losses = new("Losses on held-out documents (nats per token)", ["model", "FLOPs", "parameters", "tokens", "loss"],
        [
            .. points.Select(point => new object[]
            {
                point.Kind.Words(), point.Flops, point.Parameters, point.Flops / 6 / point.Parameters, point.Interval(),
            }),
        ]);
        ResultTable best = new("The least loss of each budget", ["model", "FLOPs", "parameters", "loss", "between the sizes"],
        [
            .. new[] { masked, autoregressive }.SelectMany(law => law.Curves.Select(curve => new object[]
            {
                law.Kind.Words(), curve.Flops, curve.BestParameters, curve.BestLoss, curve.IsInside ? "yes" : "no",
            })),
        ]);
        return new ExperimentResult(
            claims, [losses, best], new { VocabularySize, ContextLength, BatchSize, Sizes = Sizes.Select(size => $"{size}"), Budgets },
            Plot(points, masked, autoregressive));
    }

    private static Law LawOf(Point[] points, ModelKind kind, int[][] draws)
    {
        Point[] own = [.. points.Where(point => point.Kind == kind)];
        int[] all = [.. Enumerable.Range(0, own[0].Tokens.Length)];
        IsoFlopCurve[] curves = Curves(own, all);
        return new Law(kind, curves, OfLoss(curves), [.. draws.Select(draw => OfLoss(Curves(own, draw)))]);
    }

    private static IsoFlopCurve[] Curves(Point[] points, int[] blocks) =>
    [
        .. points.GroupBy(point => point.Flops)
            .Select(budget => IsoFlopCurve.Fit(budget.Key, [.. budget.Select(point => ((double)point.Parameters, point.Loss(blocks)))])),
    ];

    private static PowerLaw OfLoss(IsoFlopCurve[] curves) => PowerLaw.Fit(curves.Select(curve => (curve.Flops, curve.BestLoss)));

    // How many times the compute masked diffusion needs for the loss that the autoregressive model has at a budget.
    private static double Gap(PowerLaw masked, PowerLaw autoregressive, double flops) => masked.Inverse(autoregressive.At(flops)) / flops;

    private static Interval Between(double value, IEnumerable<double> resampled)
    {
        double[] sorted = [.. resampled.Order()];
        if (sorted.Length == 0)
            return new Interval(value, double.NaN, double.NaN);
        return new Interval(value, sorted[(int)(0.025 * sorted.Length)], sorted[(int)(0.975 * (sorted.Length - 1))]);
    }

    private static PlotModel Plot(Point[] points, Law masked, Law autoregressive)
    {
        PlotModel plot = Plots.Empty("parameters outside embeddings", "loss on held-out documents (nats per token)", isXLogarithmic: true);
        foreach (Law law in new[] { masked, autoregressive })
        {
            foreach (IsoFlopCurve curve in law.Curves)
            {
                int look = law == masked ? 0 : 1;
                Point[] own = [.. points.Where(point => point.Kind == law.Kind && point.Flops == curve.Flops)];
                Plots.Add(plot, curve == law.Curves[0] ? law.Kind.Words() : null, look,
                    own.Select(point => ((double)point.Parameters, point.Interval())), isLine: false);
                IEnumerable<double> grid = Enumerable.Range(0, 41)
                    .Select(i => own[0].Parameters * Math.Pow((double)own[^1].Parameters / own[0].Parameters, i / 40.0));
                Plots.Add(plot, null, look, grid.Select(x => (x, new Interval(curve.At(x), curve.At(x), curve.At(x)))), hasMarks: false);
            }
        }
        return plot;
    }

    private static void AddLaw(PlotModel plot, string name, int look, PowerLaw law, double[] flops, double[] losses)
    {
        Plots.Add(plot, name, look, flops.Zip(losses, (x, y) => (x, new Interval(y, y, y))), isLine: false);
        Plots.Add(plot, law.ToString(), look, flops.Select(x => (x, new Interval(law.At(x), law.At(x), law.At(x)))), hasMarks: false);
    }

    /// <summary>A trained model's loss: nats and tokens of each block of held-out documents.</summary>
    private sealed record Point(ModelKind Kind, double Flops, long Parameters, double[] Nats, long[] Tokens)
    {
        public double Loss(int[] blocks) => blocks.Sum(block => Nats[block]) / blocks.Sum(block => Tokens[block]);

        public Interval Interval()
        {
            Interval blocks = Results.Interval.OfMean([.. Nats.Zip(Tokens, (nats, tokens) => nats / tokens)]);
            double loss = Nats.Sum() / Tokens.Sum();
            return new Interval(loss, loss - blocks.HalfWidth, loss + blocks.HalfWidth);
        }
    }

    private sealed record Law(ModelKind Kind, IsoFlopCurve[] Curves, PowerLaw OfLoss, PowerLaw[] Resampled);
}
