using DocumentationDemo;
using DocumentationDemo.Corpus;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.Infilling;

/// <summary>
/// The question of "Enabling Autoregressive Models to Fill In Masked Tokens" (Israel et al., 2025; MARIA): which kind of model fills gaps
/// best. Its way to show both sides to an autoregressive model joins two trained models; the older way of "Efficient Training of Language
/// Models to Fill in the Middle" (Bavarian et al., 2022), which rearranges the text, takes its place here.
/// </summary>
internal sealed class InfillingExperiment : Experiment
{
    private static readonly Settings Small = new();

    public override string Name => "infilling";

    public override string Title => "Filling gaps: masked diffusion against autoregressive models that see one side or both";

    public override string Method =>
        "Three models of the same network learn the same rows of the .NET reference documentation in equally many steps: a masked "
        + "diffusion model (an autoregressive one in the first third of them), an autoregressive model, and an autoregressive model of "
        + "rows that are rearranged as suffix, prefix, middle, with borders of the middle at random words. One gap of 1, 2, 3 or 5 "
        + "words is cut out of each held-out row (of types that no training saw), three words or more from its ends, and filled with "
        + "the most probable tokens, the masked diffusion model's most confident first. A gap counts as restored if the filling is the "
        + "original to the last character. The number of tokens is either given to all models, or found by the model: by the masked "
        + "diffusion model from the likelihood of the text around the gap, by the rearranged one from the end of the row that it "
        + "writes. Differences are of the same gaps. Rows count as independent, though those of a type are alike.";

    public override ExperimentResult Measure(Run run)
    {
        Settings settings = Small;
        CorpusSets sets = CorpusSets.Read(run.MLContext, new DemoOptions { Seed = run.Options.Seed }, CancellationToken.None);
        List<CorpusRow> training = [.. CorpusSets.RowsOf(run.MLContext, sets.Training).Take(run.Options.Scaled(Settings.MostRows))];
        TextTokenizer tokenizer =
            TrainedTokenizer.Of(run, "tokenizer", training.Select(row => row.Text), settings.VocabularySize);
        string[] texts = Fitting(training, tokenizer, settings, settings.LeastWords);
        string[] heldOut = Fitting(sets.HeldOut, tokenizer, settings, settings.GapLengths[^1] + 2 * settings.Margin);
        heldOut = heldOut[..Math.Min(heldOut.Length, run.Options.Scaled(settings.Questions))];
        Dictionary<int, Question[]> questions = settings.GapLengths.ToDictionary(
            length => length, length => Questions(heldOut, length, tokenizer, settings, new Random(run.Options.Seed + length)));
        var models = new List<Trained>();
        var answers = new List<Answers>();
        foreach (Filler filler in Enum.GetValues<Filler>())
        {
            ModelKind kind = filler == Filler.MaskedDiffusion ? ModelKind.MaskedDiffusion : ModelKind.Autoregressive;
            TrainerOptions options = settings.Training.Options(
                kind, settings.Network, TokenizerSource.FromTokenizer(tokenizer), run.Options.Scaled(settings.Steps));
            options.Rows = new RowOptions { PackDocuments = false, Padding = RowPadding.None, Overflow = RowOverflow.Throw };
            string[] own = filler == Filler.MiddleLast ? Rearranged(texts, options, run.Options.Seed) : texts;
            using MaskedDiffusionModel model = run.Train($"{filler}", kind, options, Rows(run, own));
            models.Add(run.Stage($"{filler.Words()}: loss", () => Loss(model, filler, heldOut, options, run.Options.Seed)));
            foreach ((int length, Question[] asked) in questions)
            {
                answers.Add(run.Stage($"{filler.Words()}: {length} words, number of tokens given",
                    () => Answers.Of(filler, length, true, asked, Fillers.FillKnown(model, filler, asked))));
                if (filler != Filler.LeftToRight)
                {
                    answers.Add(run.Stage($"{filler.Words()}: {length} words, number of tokens found",
                        () => Answers.Of(filler, length, false, asked, Fillers.FillUnknown(model, filler, asked, settings.MostGapTokens))));
                }
            }
        }
        return InfillingResults.Conclude(settings, texts.Length, [.. models], [.. answers]);
    }

    private static IDataView Rows(Run run, IEnumerable<string> texts) =>
        run.MLContext.Data.LoadFromEnumerable(texts.Select(text => new TextRow { Text = text }).ToArray());

    // Rows that every model can read whole, in either order.
    private static string[] Fitting(IEnumerable<CorpusRow> rows, TextTokenizer tokenizer, Settings settings, int leastWords) =>
    [
        .. rows.Select(row => row.Text)
            .Where(text => MiddleLast.IsPossible(text) && text.Split(' ').Length >= leastWords
                && tokenizer.Encode(text).Length <= settings.MostRowTokens),
    ];

    // As many rows as the training reads, so that a text that comes again has another middle.
    private static string[] Rearranged(string[] texts, TrainerOptions options, int seed)
    {
        var random = new Random(seed);
        long count = Math.Max(texts.Length, options.MaxSteps!.Value * options.BatchSize);
        string[] rows = new string[(count + texts.Length - 1) / texts.Length * texts.Length];
        for (int i = 0; i < rows.Length; i++)
            rows[i] = MiddleLast.Row(GappedRow.CutAnywhere(texts[i % texts.Length], random));
        return rows;
    }

    // Gaps of more tokens than the models look for cannot be found by any and are not asked for.
    private static Question[] Questions(string[] rows, int length, TextTokenizer tokenizer, Settings settings, Random random) =>
    [
        .. rows.Select(row => GappedRow.Cut(row, length, settings.Margin, random))
            .Select(row => new Question(row, tokenizer.EncodeContinuation(row.Left, row.Middle).Continuation.Length))
            .Where(question => question.Tokens <= settings.MostGapTokens),
    ];

    private static Trained Loss(MaskedDiffusionModel model, Filler filler, string[] heldOut, TrainerOptions options, int seed)
    {
        string[] own = filler == Filler.MiddleLast ? Rearranged(heldOut, options, seed) : heldOut;
        EvaluationMetric loss = new PerplexityEvaluator(model)
            .Evaluate(own.Take(heldOut.Length).Select(text => new PerplexityDocument(text))).All.NegativeLogLikelihood;
        return new Trained(filler, model.Config.NonEmbeddingParameterCount, options.MaxSteps!.Value,
            Interval.OfStandardError(loss.Value, loss.StandardError));
    }

    /// <summary>Everything that is chosen.</summary>
    internal sealed record Settings
    {
        /// <summary>More than there are; a run of less scale reads less text.</summary>
        public const int MostRows = 1_000_000;

        // The beginning and the end of a text.
        private const int TokensAroundText = 2;

        public int Layers { get; init; } = 2;

        public int Heads { get; init; } = 4;

        public int Width { get; init; } = 128;

        public int VocabularySize { get; init; } = 4096;

        public int Steps { get; init; } = 2000;

        // Without a warm start, the masked diffusion model would hardly know more than word frequencies after so few steps.
        public SmallTraining Training { get; init; } = new() { BatchSize = 24, WarmStart = 1.0 / 3 };

        /// <summary>Held-out rows, each with a gap of every length.</summary>
        public int Questions { get; init; } = 300;

        public int[] GapLengths { get; init; } = [1, 2, 3, 5];

        /// <summary>The least words between a gap and the ends of its row.</summary>
        public int Margin { get; init; } = 3;

        /// <summary>The least words of a row that is learned: a middle with something on both sides.</summary>
        public int LeastWords { get; init; } = 3;

        /// <summary>The most tokens of a row; longer ones are left out.</summary>
        public int MostRowTokens { get; init; } = 60;

        /// <summary>The most tokens that a gap of unknown length may have.</summary>
        public int MostGapTokens { get; init; } = 10;

        /// <summary>The network of all models: its context has room for a row in either order whose gap is as long as it may be.</summary>
        public TransformerConfig Network => new()
        {
            Name = "gaps",
            LayerCount = Layers,
            HeadCount = Heads,
            EmbeddingSize = Width,
            FeedForwardSize = 4 * Width,
            VocabularySize = VocabularySize,
            ContextLength = MostRowTokens + MiddleLast.AdditionalTokens + TokensAroundText + MostGapTokens,
        };
    }
}
