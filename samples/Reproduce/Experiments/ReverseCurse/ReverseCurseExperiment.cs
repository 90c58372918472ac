using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.ReverseCurse;

/// <summary>"The Reversal Curse" (Berglund et al., 2023), as "Scaling up Masked Diffusion Models on Text" asks it (its Table 5).</summary>
internal sealed class ReverseCurseExperiment : Experiment
{
    private const string TrainingFile = "all_prompts_train.jsonl", Source = "the data of 'The Reversal Curse', Berglund et al., 2023";
    private const int VocabularySize = 2048, BatchSize = 24, MaxNewTokens = 24;
    private const double GuidanceScale = 0.8;

    // Epochs after which both models are asked; each part ends with a learning rate near 0, so that each point is a finished model.
    private static readonly int[] Epochs = [10, 30];

    private static readonly Question[] Questions =
    [
        new("description to name", "as trained", "d2p_prompts_test.jsonl", IsDescription: false),
        new("description to name", "reversed", "p2d_reverse_prompts_test.jsonl", IsDescription: false),
        new("name to description", "as trained", "p2d_prompts_test.jsonl", IsDescription: true),
        new("name to description", "reversed", "d2p_reverse_prompts_test.jsonl", IsDescription: true),
    ];

    public override string Name => "reverse-curse";

    public override string Title => "The reversal curse: facts asked in the direction in which they were not learned";

    public override string Method =>
        "3,600 sentences about fictitious people are learned by a masked diffusion and an autoregressive model of the same network, both "
        + "from random weights and on whole sentences. Of 30 people the name always comes first, of 30 the description, of 30 there are "
        + "both. 300 questions of each kind then ask for names and descriptions in the learned and in the other direction. An answer is "
        + "right that contains the reference, in lower case, as published.";

    public override ExperimentResult Measure(Run run)
    {
        IDataView rows = run.MLContext.Data.LoadFromEnumerable(
            Read(run.DataFile(TrainingFile, Source)).Select(row => new TextRow { Text = row.Prompt + row.Completion }).ToArray());
        var answers = new List<Answered>();
        foreach (ModelKind kind in Enum.GetValues<ModelKind>())
        {
            MaskedDiffusionModel? model = null;
            foreach ((int part, int epochs) in Epochs.Index())
            {
                TrainerOptions options = Options(kind, epochs - (part == 0 ? 0 : Epochs[part - 1]), model, run.Options);
                MaskedDiffusionModel next = run.Train($"{kind}-{epochs}", kind, options, rows);
                model?.Dispose();
                model = next;
                answers.AddRange(Questions.Select(question =>
                    run.Stage($"{kind.Words()} after {epochs} epochs: {question.Kind}, {question.Direction}",
                        () => Ask(run, next, kind, epochs, question))));
            }
            model!.Dispose();
        }
        return Conclude([.. answers], Options(ModelKind.MaskedDiffusion, Epochs[^1], null, run.Options));
    }

    private static TrainerOptions Options(ModelKind kind, int epochs, MaskedDiffusionModel? model, RunOptions run)
    {
        var options = new TrainerOptions
        {
            InitialModel = model,
            Budget = { MaxEpochs = epochs * run.Scale },
            BatchSize = BatchSize,
            LearningRate = 3e-3,
            Optimizer = { Beta2 = 0.99, MinLearningRateRatio = 0.01 },
            Rows = { PackDocuments = false, Padding = kind == ModelKind.MaskedDiffusion ? RowPadding.Longest : RowPadding.None },
        };
        if (kind == ModelKind.MaskedDiffusion)
            (options.Noise.LossWeighting, options.Noise.Levels) = (LossWeighting.Uniform, NoiseLevels.Stratified);
        if (model is null)
        {
            options.Tokenizer = TokenizerSource.TrainBytePairEncoding(VocabularySize);
            options.Network = new TransformerConfig
            {
                Name = "facts", LayerCount = 3, HeadCount = 4, EmbeddingSize = 128, FeedForwardSize = 512, ContextLength = 64,
            };
        }
        return options;
    }

    private static Answered Ask(Run run, MaskedDiffusionModel model, ModelKind kind, int epochs, Question question)
    {
        (string Prompt, string Completion)[] all = [.. Read(run.DataFile(question.File, Source))];
        (string Prompt, string Completion)[] rows = all[..Math.Min(all.Length, run.Options.Scaled(all.Length))];
        var generator = new TextGenerator(model, new GenerationOptions
        {
            MaxNewTokens = MaxNewTokens,
            Sampling = new SamplingOptions
            {
                Order = SamplingOrder.Confidence, Temperature = 0, GuidanceScale = kind == ModelKind.MaskedDiffusion ? GuidanceScale : 0,
            },
        });
        GeneratedText[] texts = generator.Generate([.. rows.Select(row => row.Prompt)]);
        (string Text, string Reference)[] pairs =
        [
            .. texts.Zip(rows, (text, row) => (Normalized(text.Text), Normalized(row.Completion))),
        ];
        return new Answered(kind, epochs, question.Kind, question.Direction,
            Interval.OfShare(pairs.Count(pair => pair.Text.Contains(pair.Reference, StringComparison.Ordinal)), pairs.Length),
            question.IsDescription ? Interval.OfMean([.. pairs.Select(pair => Bleu.OfCharacters(pair.Text, pair.Reference))]) : null,
            question.IsDescription ? Interval.OfMean([.. pairs.Select(pair => Bleu.OfWords(pair.Text, pair.Reference))]) : null);
    }

    private static string Normalized(string text) => text.Trim().ToLowerInvariant();

    private static ExperimentResult Conclude(Answered[] answers, TrainerOptions options)
    {
        Answered Last(ModelKind kind, string asked, string direction) =>
            answers.Last(answer => answer.Kind == kind && answer.Asked == asked && answer.Direction == direction);
        Answered names = Last(ModelKind.MaskedDiffusion, Questions[0].Kind, "reversed");
        Answered otherNames = Last(ModelKind.Autoregressive, Questions[0].Kind, "reversed");
        Answered texts = Last(ModelKind.MaskedDiffusion, Questions[2].Kind, "reversed");
        Answered otherTexts = Last(ModelKind.Autoregressive, Questions[2].Kind, "reversed");
        ClaimResult[] claims =
        [
            new("Masked diffusion names people from their descriptions though it learned them the other way round.", "92 %",
                names.Accuracy.Percent(),
                names.Accuracy.Value >= 0.9 ? Verdict.Holds : names.Accuracy.Low > 0.05 ? Verdict.HoldsInPart : Verdict.DoesNotHold),
            new("An autoregressive model does not.", "0 %", otherNames.Accuracy.Percent(),
                otherNames.Accuracy.Value <= 0.05 ? Verdict.Holds : Verdict.DoesNotHold),
            new("Masked diffusion describes people by their names though it learned them the other way round.", "37 %, BLEU 67",
                $"{texts.Accuracy.Percent()}, BLEU of characters {texts.CharacterBleu!.Percent()}",
                texts.Accuracy.High >= 0.37 && texts.CharacterBleu.High >= 0.67 ? Verdict.Holds
                    : texts.Accuracy.Low > otherTexts.Accuracy.High ? Verdict.HoldsInPart : Verdict.DoesNotHold),
        ];
        ResultTable table = new("Answers", ["model", "epochs", "asked", "direction", "right", "BLEU of characters", "BLEU of words"],
        [
            .. answers.Select(answer => new object[]
            {
                answer.Kind.Words(), answer.Epochs, answer.Asked, answer.Direction, answer.Accuracy.Percent(),
                answer.CharacterBleu?.Percent() ?? "", answer.WordBleu?.Percent() ?? "",
            }),
        ]);
        return new ExperimentResult(claims, [table], new
        {
            options.Network, VocabularySize, BatchSize, options.LearningRate, options.Optimizer.Beta2, GuidanceScale, MaxNewTokens, Epochs,
        }, Plot(answers));
    }

    private static OxyPlot.PlotModel Plot(Answered[] answers)
    {
        OxyPlot.PlotModel plot = Plots.Empty("epochs of training", "share of right answers, reversed questions");
        int look = 0;
        foreach (IGrouping<(ModelKind Kind, string Asked), Answered> series in answers.Where(answer => answer.Direction == "reversed")
            .GroupBy(answer => (answer.Kind, answer.Asked)))
        {
            Plots.Add(plot, $"{series.Key.Kind.Words()},\n{series.Key.Asked}", look++,
                series.Select(answer => ((double)answer.Epochs, answer.Accuracy)));
        }
        return plot;
    }

    private static IEnumerable<(string Prompt, string Completion)> Read(string path)
    {
        foreach (string line in File.ReadLines(path))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            yield return (row.RootElement.GetProperty("prompt").GetString()!, row.RootElement.GetProperty("completion").GetString()!);
        }
    }

    private sealed record Question(string Kind, string Direction, string File, bool IsDescription);

    private sealed record Answered(
        ModelKind Kind, int Epochs, string Asked, string Direction, Interval Accuracy, Interval? CharacterBleu, Interval? WordBleu);

    private sealed class TextRow
    {
        public string Text { get; set; } = "";
    }
}
