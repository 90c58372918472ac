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
    public override string Name => "infilling";

    public override string Title => "Filling gaps: masked diffusion against autoregressive models that see one side or both";

    public override string Full =>
        "fills gaps of 1, 2, 3, 5 and 10 words in 1,000 texts of --data's held-out.jsonl with the models of --model and --baseline, and "
        + "with a model that is fine-tuned from --baseline for 5,000 steps to write the middle last, on training.jsonl";

    public override string Method =>
        "Three models of the same network learn the same rows of the .NET reference documentation in equally many steps: a masked "
        + "diffusion model (an autoregressive one in the first third of them), an autoregressive model, and an autoregressive model of "
        + "rows that are rearranged as suffix, prefix, middle, with borders of the middle at random words. One gap of 1, 2, 3 or 5 "
        + "words is cut out of each held-out row (of types that no training saw), three words or more from its ends, and filled with "
        + "the most probable tokens, the masked diffusion model's most confident first. A gap counts as restored if the filling is the "
        + "original to the last character. The number of tokens is either given to all models, or found by the model: by the masked "
        + "diffusion model from the likelihood of the text around the gap, by the rearranged one from the end of the row that it "
        + "writes. Differences are of the same gaps. Rows count as independent, though those of a type are alike. In the published "
        + "setting the first two models are pre-trained, the third is fine-tuned from the second, and rows are the beginnings of texts.";

    public override ExperimentResult Measure(Run run)
    {
        InfillingSettings settings = run.Options.IsFull ? InfillingSettings.Published : InfillingSettings.Small;
        using PretrainedPair? pretrained = run.Options.IsFull ? PretrainedPair.Load(run) : null;
        InfillingTexts texts =
            pretrained is null ? InfillingTexts.OfDocumentation(run, settings) : InfillingTexts.OfFiles(run, settings, pretrained);
        Dictionary<int, Question[]> questions = settings.GapLengths.ToDictionary(
            length => length, length => Questions(texts, length, settings, new Random(run.Options.Seed + length)));
        var models = new List<Trained>();
        var answers = new List<Answers>();
        foreach (Filler filler in Enum.GetValues<Filler>())
        {
            using FillingModel filling = Model(run, settings, pretrained, texts, filler);
            MaskedDiffusionModel model = filling.Model;
            models.Add(run.Stage($"{filler.Words()}: loss", () => Loss(filling, filler, texts.HeldOut, run.Options.Seed)));
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
        return InfillingResults.Conclude(settings, texts.Training.Length, [.. models], [.. answers]);
    }

    // Trained or fine-tuned here, but for the two that may be pre-trained.
    private static FillingModel Model(
        Run run, InfillingSettings settings, PretrainedPair? pretrained, InfillingTexts texts, Filler filler)
    {
        ModelKind kind = filler == Filler.MaskedDiffusion ? ModelKind.MaskedDiffusion : ModelKind.Autoregressive;
        if (pretrained is not null && filler != Filler.MiddleLast)
            return new FillingModel(pretrained.Of(kind), Steps: null);
        int steps = run.Options.Scaled(settings.Steps);
        TrainerOptions options = pretrained is null
            ? settings.Options(kind, texts.Tokenizer, steps) : settings.Options(pretrained.Autoregressive, steps);
        options.Rows = new RowOptions { PackDocuments = false, Padding = RowPadding.None, Overflow = RowOverflow.Throw };
        string[] own = filler == Filler.MiddleLast
            ? Rearranged(texts.Training, (long)steps * settings.Training.BatchSize, run.Options.Seed) : texts.Training;
        IDataView rows = run.MLContext.Data.LoadFromEnumerable(own.Select(text => new TextRow { Text = text }).ToArray());
        return new FillingModel(run.Train($"{filler}", kind, options, rows), steps);
    }

    // As many rows as a training reads, so that a text that comes again has another middle.
    private static string[] Rearranged(string[] texts, long least, int seed)
    {
        var random = new Random(seed);
        long count = Math.Max(texts.Length, least);
        string[] rows = new string[(count + texts.Length - 1) / texts.Length * texts.Length];
        for (int i = 0; i < rows.Length; i++)
            rows[i] = MiddleLast.Row(GappedRow.CutAnywhere(texts[i % texts.Length], random));
        return rows;
    }

    // Gaps of more tokens than the models look for cannot be found by any and are not asked for.
    private static Question[] Questions(InfillingTexts texts, int length, InfillingSettings settings, Random random) =>
    [
        .. texts.HeldOut.Select(row => GappedRow.Cut(row, length, settings.Margin, random))
            .Select(row => new Question(row, texts.Tokenizer.EncodeContinuation(row.Left, row.Middle).Continuation.Length))
            .Where(question => question.Tokens <= settings.MostGapTokens),
    ];

    private static Trained Loss(FillingModel filling, Filler filler, string[] heldOut, int seed)
    {
        string[] own = filler == Filler.MiddleLast ? Rearranged(heldOut, heldOut.Length, seed) : heldOut;
        EvaluationMetric loss = new PerplexityEvaluator(filling.Model)
            .Evaluate(own.Select(text => new PerplexityDocument(text))).All.NegativeLogLikelihood;
        return new Trained(filler, filling.Model.Config.NonEmbeddingParameterCount, filling.Steps,
            Interval.OfStandardError(loss.Value, loss.StandardError));
    }

    /// <summary>A model that fills gaps, and the steps of its training where it was trained here.</summary>
    private sealed record FillingModel(MaskedDiffusionModel Model, long? Steps) : IDisposable
    {
        public void Dispose()
        {
            if (Steps is not null)
                Model.Dispose();
        }
    }
}
