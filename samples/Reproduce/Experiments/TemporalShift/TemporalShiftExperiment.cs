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

    public override string Name => "temporal-shift";

    public override string Title => "Text of later years: the loss of masked diffusion and autoregressive models of equal loss";

    public override string Full =>
        "measures the models of --model and --baseline, which are to be of about equal loss, on --data's slimpajama.jsonl and "
        + "fineweb-2024-10.jsonl, and on fineweb-2024-18.jsonl where it is there; as published up to 500,000 documents and 210 million "
        + "tokens of each";

    public override string Method =>
        "Entries of the changelogs of Debian packages have dates. A masked diffusion and an autoregressive model of the same network learn "
        + "the entries up to the end of 2020, but for some of 2020, which are the first test; entries of later years are the others. Names "
        + "of authors, dates and trailers are left out, and an item that stands in several changelogs counts once, at its first date. The "
        + "autoregressive model is trained with different numbers of steps, and then with as many as give it the masked diffusion model's "
        + "loss on the entries of 2020. What is compared is how much the loss grows on later entries. The masked diffusion model's losses "
        + "are upper bounds. Intervals are from a bootstrap over packages, the same draws for all models; they do not hold the variation "
        + "between trainings. In the published setting the models are pre-trained, the texts are documents of SlimPajama and FineWeb, and "
        + "the bootstrap is over blocks of documents.";

    public override ExperimentResult Measure(Run run) =>
        run.Options.IsFull
            ? DocumentLosses.Measure(run, TemporalShiftSettings.Published) : MeasureChangelogs(run, TemporalShiftSettings.Small);

    private static ExperimentResult MeasureChangelogs(Run run, TemporalShiftSettings all)
    {
        ChangelogSettings settings = all.Changelogs!;
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
            return new Measured(name, steps, model.Config.NonEmbeddingParameterCount, Nats(model, tests, all.LikelihoodSamples));
        });
        PeriodLosses Losses(Measured model) =>
            new(settings.Periods.Count, tests, model.Nats, tokens, all.Resamples, run.Options.Seed);

        Measured masked = Learn(ModelKind.MaskedDiffusion.Words(), ModelKind.MaskedDiffusion, run.Options.Scaled(settings.Steps));
        Measured[] others =
        [
            .. settings.AutoregressiveSteps.Select((steps, i) =>
                Learn($"autoregressive {i + 1}", ModelKind.Autoregressive, run.Options.Scaled(steps))),
        ];
        int equal = EqualLoss.Steps([.. others.Select(model => (model.Steps!.Value, Losses(model).All[0]))], Losses(masked).All[0]);
        Measured matched = Learn(Matched, ModelKind.Autoregressive, equal);
        int[] bytes = [.. tests.Select(test => Encoding.UTF8.GetByteCount(test.Text))];
        Period[] periods = [.. settings.Periods.Select(years => years.Period)];
        return new TemporalShiftResults(periods, tests, tokens, bytes, all.Resamples, run.Options.Seed).Conclude(
            masked, others, matched, Texts(periods, training, tests, tokens, bytes),
            new { Settings = all, EqualLossSteps = matched.Steps, EntriesWithoutDate = withoutDate });
    }

    private static ResultTable Texts(Period[] periods, DatedText[] training, TestText[] tests, int[] tokens, int[] bytes) => new(
        "Texts", ["period", "texts", "packages", "tokens", "bytes"],
        [
            [
                $"training, to the end of {periods[0].Name}", training.Length, training.Select(text => text.Package).Distinct().Count(),
                "", training.Sum(text => (long)Encoding.UTF8.GetByteCount(text.Text)),
            ],
            .. periods.Select((period, index) =>
            {
                int[] own = [.. Enumerable.Range(0, tests.Length).Where(i => tests[i].Period == index)];
                return new object[]
                {
                    index == 0 ? $"{period.Name}, held out" : period.Name, own.Length,
                    own.Select(i => tests[i].Package).Distinct().Count(), own.Sum(i => tokens[i]), own.Sum(i => bytes[i]),
                };
            }),
        ]);

    private static (DatedText[] Training, TestText[] Tests) Split(DatedText[] texts, ChangelogSettings settings, RunOptions run)
    {
        var random = new Random(run.Seed);
        var training = new List<DatedText>();
        var tests = new List<TestText>();
        training.AddRange(texts.Where(text => text.Date.Year < settings.Periods[0].First));
        foreach ((int index, Years period) in settings.Periods.Index())
        {
            DatedText[] own = [.. texts.Where(text => text.Date.Year >= period.First && text.Date.Year <= period.Last)];
            random.Shuffle(own);
            // Of the training's last period, most texts are for the training.
            int most = index == 0 ? (int)(own.Length * settings.HeldOutShare) : own.Length;
            int count = Math.Min(most, run.Scaled(settings.TestTexts));
            if (count == 0)
            {
                throw new InvalidOperationException(
                    $"The changelogs have too few entries of {period.Period.Name} to measure with. {ChangelogCorpus.Remedy}");
            }
            tests.AddRange(own.Take(count).Select(text => new TestText(text.Package, index, text.Text)));
            if (index == 0)
                training.AddRange(own.Skip(count));
        }
        return ([.. training], [.. tests]);
    }

    // Each text is a group of its own, so that it has a figure of its own.
    private static double[] Nats(MaskedDiffusionModel model, TestText[] tests, int samples)
    {
        var evaluator = new PerplexityEvaluator(model, new PerplexityOptions { Likelihood = { Samples = samples } });
        IEnumerable<PerplexityDocument> documents = tests.Select(
            (test, i) => new PerplexityDocument(test.Text, i.ToString("D6", CultureInfo.InvariantCulture)));
        return [.. evaluator.Evaluate(documents).Groups.Select(text => text.NegativeLogLikelihood.Value * text.TokenCount)];
    }
}

/// <summary>
/// A model: its negative log-likelihood of each test text in nats. The steps of a pre-trained model are not known.
/// </summary>
internal sealed record Measured(string Name, int? Steps, long Parameters, double[] Nats);
