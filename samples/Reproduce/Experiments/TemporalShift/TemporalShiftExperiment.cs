using System.Globalization;
using System.Text;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.TemporalShift;

/// <summary>
/// "Scaling up Masked Diffusion Models on Text" (Nie et al., 2024), Table 6: what becomes of the perplexity on text that is later than the
/// training's, for models of about equal loss.
/// </summary>
internal sealed class TemporalShiftExperiment : Experiment
{
    // The autoregressive model whose loss is nearest to the masked diffusion model's.
    private const string Matched = "autoregressive, equal loss";

    private static readonly Settings Small = new();

    public override string Name => "temporal-shift";

    public override string Title => "Text of later years: the loss of masked diffusion and autoregressive models of equal loss";

    public override string Method =>
        "Entries of the changelogs of Debian packages have dates. A masked diffusion and an autoregressive model of the same network learn "
        + "the entries up to the end of 2020, but for some of 2020, which are the first test; entries of later years are the others. Names "
        + "of authors, dates and trailers are left out, and an item that stands in several changelogs counts once, at its first date. The "
        + "autoregressive model is trained with different numbers of steps, and then with as many as give it the masked diffusion model's "
        + "loss on the entries of 2020. What is compared is how much the loss grows on later entries. The masked diffusion model's losses "
        + "are upper bounds. Intervals are from a bootstrap over packages, the same draws for all models; they do not hold the variation "
        + "between trainings.";

    public override ExperimentResult Measure(Run run)
    {
        Settings settings = Small;
        (DatedText[] texts, int withoutDate) = ChangelogCorpus.Read(
            run.Options.DataFolder ?? throw new InvalidOperationException("This experiment reads changelogs. " + ChangelogCorpus.Remedy),
            settings.MostCharacters);
        (DatedText[] training, TestText[] tests) = Split(texts, settings, run.Options);
        IDataView rows = run.MLContext.Data.LoadFromEnumerable(training.Select(text => new TextRow { Text = text.Text }).ToArray());
        TextTokenizer tokenizer = TrainedTokenizer.Of(run, "tokenizer", rows, settings.VocabularySize);
        int[] tokens = [.. tests.Select(test => tokenizer.Encode(test.Text).Length)];

        Measured Learn(string name, ModelKind kind, int steps) => run.Stage($"{name}, {steps} steps", () =>
        {
            using MaskedDiffusionModel model = run.Train(
                name, kind, settings.Training.Options(kind, settings.Network, TokenizerSource.FromTokenizer(tokenizer), steps), rows);
            return new Measured(name, steps, model.Config.NonEmbeddingParameterCount, Nats(model, tests, settings));
        });
        PeriodLosses Losses(Measured model) =>
            new(settings.Periods.Count, tests, model.Nats, tokens, settings.Resamples, run.Options.Seed);

        Measured masked = Learn(ModelKind.MaskedDiffusion.Words(), ModelKind.MaskedDiffusion, run.Options.Scaled(settings.Steps));
        Measured[] others =
        [
            .. settings.AutoregressiveSteps.Select((steps, i) =>
                Learn($"autoregressive {i + 1}", ModelKind.Autoregressive, run.Options.Scaled(steps))),
        ];
        int equal = EqualLoss.Steps([.. others.Select(model => (model.Steps, Losses(model).All[0]))], Losses(masked).All[0]);
        Measured matched = Learn(Matched, ModelKind.Autoregressive, equal);
        int[] bytes = [.. tests.Select(test => Encoding.UTF8.GetByteCount(test.Text))];
        return new TemporalShiftResults(settings, training, tests, tokens, bytes, withoutDate, run.Options.Seed)
            .Conclude(masked, others, matched);
    }

    private static (DatedText[] Training, TestText[] Tests) Split(DatedText[] texts, Settings settings, RunOptions run)
    {
        var random = new Random(run.Seed);
        var training = new List<DatedText>();
        var tests = new List<TestText>();
        training.AddRange(texts.Where(text => text.Date.Year < settings.Periods[0].First));
        foreach ((int index, Period period) in settings.Periods.Index())
        {
            DatedText[] own = [.. texts.Where(text => text.Date.Year >= period.First && text.Date.Year <= period.Last)];
            random.Shuffle(own);
            // Of the training's last period, most texts are for the training.
            int most = index == 0 ? (int)(own.Length * settings.HeldOutShare) : own.Length;
            int count = Math.Min(most, run.Scaled(settings.TestTexts));
            if (count == 0)
            {
                throw new InvalidOperationException(
                    $"The changelogs have too few entries of {period.Name} to measure with. {ChangelogCorpus.Remedy}");
            }
            tests.AddRange(own.Take(count).Select(text => new TestText(text.Package, index, text.Text)));
            if (index == 0)
                training.AddRange(own.Skip(count));
        }
        return ([.. training], [.. tests]);
    }

    // Each text is a group of its own, so that it has a figure of its own.
    private static double[] Nats(MaskedDiffusionModel model, TestText[] tests, Settings settings)
    {
        var evaluator = new PerplexityEvaluator(model, new PerplexityOptions { Likelihood = { Samples = settings.LikelihoodSamples } });
        IEnumerable<PerplexityDocument> documents = tests.Select(
            (test, i) => new PerplexityDocument(test.Text, i.ToString("D6", CultureInfo.InvariantCulture)));
        return [.. evaluator.Evaluate(documents).Groups.Select(text => text.NegativeLogLikelihood.Value * text.TokenCount)];
    }

    /// <summary>Some years.</summary>
    internal sealed record Period(int First, int Last)
    {
        public string Name => First == Last ? $"{First}" : $"{First} to {Last}";
    }

    /// <summary>Everything that is chosen.</summary>
    internal sealed record Settings
    {
        /// <summary>The training ends with the first of these.</summary>
        public IReadOnlyList<Period> Periods { get; init; } =
            [new(2020, 2020), new(2021, 2021), new(2022, 2022), new(2023, 2023), new(2024, 2026)];

        /// <summary>The most of the first period's texts that are held out, as a share.</summary>
        public double HeldOutShare { get; init; } = 0.25;

        /// <summary>The most test texts of a period.</summary>
        public int TestTexts { get; init; } = 250;

        /// <summary>Entries are cut to so many characters, so that those of hundreds of items do not count for all others.</summary>
        public int MostCharacters { get; init; } = 600;

        public int VocabularySize { get; init; } = 4096;

        public TransformerConfig Network => new()
        {
            Name = "changelogs", LayerCount = 2, HeadCount = 4, EmbeddingSize = 128, FeedForwardSize = 512,
            VocabularySize = VocabularySize, ContextLength = 64,
        };

        /// <summary>The masked diffusion model's.</summary>
        public int Steps { get; init; } = 2000;

        /// <summary>Those of the autoregressive model between which equal loss is looked for.</summary>
        public int[] AutoregressiveSteps { get; init; } = [75, 150, 300, 600];

        // Without a warm start, the masked diffusion model would hardly know more than word frequencies after so few steps.
        public SmallTraining Training { get; init; } = new() { BatchSize = 12, WarmStart = 1.0 / 3 };

        /// <summary>Masks of each window of a text under masked diffusion.</summary>
        public int LikelihoodSamples { get; init; } = 16;

        public int Resamples { get; init; } = 2000;
    }
}

/// <summary>A trained model: its negative log-likelihood of each test text in nats.</summary>
internal sealed record Measured(string Name, int Steps, long Parameters, double[] Nats);
