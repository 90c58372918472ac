using System.Globalization;
using DocumentationDemo.Corpus;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using OxyPlot;
using Reproduce.Experiments.Common;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.Guidance;

/// <summary>
/// "Scaling up Masked Diffusion Models on Text" (Nie et al., 2024), Tables 1 and 3: classifier-free guidance without training for it.
/// </summary>
internal sealed class GuidanceExperiment : Experiment
{
    private const int VocabularySize = 4096, ContextLength = 64, BatchSize = 14, TrainingSteps = 6000, FineTuningSteps = 1500;
    private const int Samples = 16, QuestionsToChoose = 150, QuestionsToMeasure = 300, QuestionsOfTask = 100;
    private const double PromptDropout = 0.1, FineTuningRate = 1e-3;
    private const string Unsupervised = "pre-trained", FineTuned = "fine-tuned", Dropped = "fine-tuned with dropped prompts";

    private static readonly double[] Strengths = [0, 0.5, 1, 1.5, 2];

    // The data sets of the paper's zero-shot tasks, with the strengths that were published for them.
    private static readonly PublishedTask[] Tasks =
    [
        new("arc_easy", "arc_easy_dev.jsonl", 0.25, 0.6),
        new("openbookqa", "openbookqa_test.jsonl", 0.25, 1.6),
        new("piqa", "piqa_validation.jsonl", 0.5, 0.6),
        new("lambada_standard", "lambada_openai_test.jsonl", 0, 1.1),
        new("hellaswag", "hellaswag_validation.jsonl", 0.25, 0.7),
        new("boolq", "boolq_validation.jsonl", 0.5, 1.6),
        new("social_iqa", "social_iqa_validation.jsonl", 1.0 / 3, 0.6),
        new("race", "race_test.jsonl", 0.25, 0.7),
    ];

    public override string Name => "guidance";

    public override string Title => "Classifier-free guidance, with and without training for it";

    public override string Full =>
        "asks the model of --model all questions of the paper's tasks in --data with the published likelihood methods, without guidance "
        + "and with the published strengths";

    public override string Method =>
        "A masked diffusion model learns the .NET reference documentation. Questions about types that it has not seen ask which of four "
        + "summaries of similar length belongs to a member's name, by likelihood with guidance of strength w: (1 + w) times the prediction "
        + "with the name less w times the one with the name masked. Two fine-tuned models, which learn summaries after names, stand "
        + "beside: one that never saw a masked name (guidance is unsupervised for it too), and one that saw 10 % of its batches without "
        + "(standard guidance). The best strength of each is chosen on 150 questions and measured on 300 others. Where --data has them, "
        + "the paper's tasks are asked as well, with the strengths that were published for them.";

    public override ExperimentResult Measure(Run run) => run.Options.IsFull ? AskPretrained(run) : Train(run);

    private static ExperimentResult AskPretrained(Run run)
    {
        using MaskedDiffusionModel model = run.LoadPretrained(ModelKind.MaskedDiffusion);
        TaskAnswers[] tasks = AskTasks(run, model);
        if (tasks.Length == 0)
        {
            throw new FileNotFoundException(
                $"No folder of --data has a file of the paper's tasks: {string.Join(", ", Tasks.Select(task => task.File))}.");
        }
        PlotModel plot = Plots.Empty("strength of guidance w", "share of questions answered right");
        foreach ((int look, TaskAnswers[] pair) in tasks.Chunk(2).Index())
            Plots.Add(plot, pair[0].Task, look, pair.Select(asked => (asked.Strength, asked.Accuracy)));
        return new ExperimentResult(
            Claims(tasks), [Table(tasks)], new { Settings = "published", Model = run.Options.ModelFile, Tasks }, plot);
    }

    private static ExperimentResult Train(Run run)
    {
        DocumentationTokens text = DocumentationTokens.Read(run, VocabularySize);
        CorpusRow[] named = [.. text.Sets.HeldOut.Where(row => row.Name.Length > 0)];
        int choosing = run.Options.Scaled(QuestionsToChoose);
        ZeroShotQuestion[] questions =
            SummaryQuestions.Ask(named, choosing + run.Options.Scaled(QuestionsToMeasure), new Random(run.Options.Seed));
        var network = new TransformerConfig
        {
            Name = "documentation", LayerCount = 3, HeadCount = 4, EmbeddingSize = 128, FeedForwardSize = 512,
            VocabularySize = VocabularySize, ContextLength = ContextLength,
        };
        // Without a warm start, summaries are hardly told from each other after so few steps.
        TrainerOptions options = new SmallTraining { BatchSize = BatchSize, WarmStart = 1.0 / 3 }.Options(
            ModelKind.MaskedDiffusion, network, TokenizerSource.FromTokenizer(text.Tokenizer), run.Options.Scaled(TrainingSteps));
        using MaskedDiffusionModel model = run.Train("pre-trained", ModelKind.MaskedDiffusion, options, text.Training);
        using MaskedDiffusionModel fineTuned = FineTune(run, text, model, "fine-tuned", 0);
        using MaskedDiffusionModel dropped = FineTune(run, text, model, "fine-tuned-with-dropped-prompts", PromptDropout);
        (string Name, MaskedDiffusionModel Model)[] models = [(Unsupervised, model), (FineTuned, fineTuned), (Dropped, dropped)];
        Answers[] answers =
        [
            .. from asked in models
               from strength in Strengths
               select run.Stage($"{asked.Name}, strength {strength}", () => Ask(asked.Name, asked.Model, questions, strength)),
        ];
        return Conclude(options, answers, AskTasks(run, model), choosing);
    }

    private static TaskAnswers[] AskTasks(Run run, MaskedDiffusionModel model)
    {
        TaskAnswers[] tasks =
        [
            .. from task in Tasks
               where run.FindDataFile(task.File) is not null
               from strength in new[] { 0, task.Strength }
               select run.Stage($"{task.Name}, strength {strength}", () => Ask(run, model, task, strength)),
        ];
        foreach (PublishedTask absent in Tasks.Where(task => tasks.All(asked => asked.Task != task.Name)))
            Console.WriteLine($"{absent.Name} is not asked: no folder of --data has {absent.File}.");
        return tasks;
    }

    private static MaskedDiffusionModel FineTune(Run run, DocumentationTokens text, MaskedDiffusionModel model, string name, double dropout)
    {
        TrainerOptions options = new SmallTraining { BatchSize = 2 * BatchSize, LearningRate = FineTuningRate }.Options(
            ModelKind.MaskedDiffusion, run.Options.Scaled(FineTuningSteps));
        options.InitialModel = model;
        options.Rows = new RowOptions { PromptColumnName = nameof(PairRow.Prompt) };
        options.Noise.GuidanceDropout = dropout;
        // The space belongs to the summary, so that the tokens are those of the joined text.
        IDataView rows = run.MLContext.Data.LoadFromEnumerable(
            CorpusSets.RowsOf(run.MLContext, text.Sets.Training).Where(row => row.Name.Length > 0)
                .Select(row => new PairRow { Prompt = row.Name, Text = " " + row.Summary }));
        return run.Train(name, ModelKind.MaskedDiffusion, options, rows);
    }

    private static Answers Ask(string name, MaskedDiffusionModel model, ZeroShotQuestion[] questions, double strength)
    {
        var likelihood = new LikelihoodOptions { Samples = Samples, GuidanceScale = strength };
        ZeroShotResult result = Evaluator(model, likelihood).Evaluate(new SummaryQuestions(), questions);
        return new Answers(
            name, strength, [.. result.Answers.Select(answer => answer.Predicted == answer.Gold)], result.Accuracy.NoiseStandardError);
    }

    private static TaskAnswers Ask(Run run, MaskedDiffusionModel model, PublishedTask task, double strength)
    {
        ZeroShotTask zeroShot = ZeroShotTask.FromName(task.Name);
        LikelihoodOptions likelihood = run.Options.IsFull ? ZeroShotProfile.Published.For(zeroShot) : new() { Samples = Samples };
        likelihood.GuidanceScale = strength;
        ZeroShotResult result = Evaluator(model, likelihood, run.Options.IsFull ? null : run.Options.Scaled(QuestionsOfTask))
            .Evaluate(zeroShot, run.FindDataFile(task.File)!);
        int scored = result.QuestionCount - result.TooLongCount;
        if (scored == 0)
            throw new InvalidDataException($"{run.FindDataFile(task.File)}: no question of {task.Name} fits the model's context.");
        int right = (int)Math.Round(result.Accuracy.Value * scored);
        return new TaskAnswers(task.Name, strength, task.Chance, Interval.OfShare(right, scored), result.Accuracy.NoiseStandardError);
    }

    private static ZeroShotEvaluator Evaluator(MaskedDiffusionModel model, LikelihoodOptions likelihood, int? maxQuestions = null) => new(
        model, new ZeroShotOptions
        {
            Profile = ZeroShotProfile.Uniform(likelihood), ContextOverflow = ContextOverflow.KeepEnd, MaxQuestions = maxQuestions,
        });

    private static ExperimentResult Conclude(TrainerOptions options, Answers[] answers, TaskAnswers[] tasks, int choosing)
    {
        Answers At(string model, double strength) => answers.Single(answer => (answer.Model, answer.Strength) == (model, strength));
        // The least strength among equals.
        Answers Best(string model) =>
            answers.Where(answer => answer.Model == model).MaxBy(answer => answer.Right.Take(choosing).Count(right => right))!;
        Interval Gain(Answers one, Answers other) =>
            Interval.OfShareDifference(one.Right.Skip(choosing), other.Right.Skip(choosing));
        Answers without = At(Unsupervised, 0), with = Best(Unsupervised);
        Answers tuned = Best(FineTuned), standard = Best(Dropped);
        Interval gain = Gain(with, without), tunedGain = Gain(tuned, At(FineTuned, 0)), standardGain = Gain(standard, At(Dropped, 0));
        Interval ahead = Gain(tuned, standard);
        var claims = new List<ClaimResult>
        {
            new("Guidance without training for it makes zero-shot answers better.",
                "better on all of 8 tasks; 27.0 to 34.2 % on OpenBookQA",
                $"{without.Measured(choosing).Percent()} without, {with.Measured(choosing).Percent()} at {Shown(with)}: a gain of "
                + gain.Percent(), Verdicts.IsAbove(gain)),
            new("It does so for a fine-tuned model too.", "scores of 1.32 without, 1.60 with",
                $"a gain of {tunedGain.Percent()} at {Shown(tuned)}", Verdicts.IsAbove(tunedGain)),
            new("It is at least as good as standard guidance, which a model has to be trained for.", "scores of 1.60 against 1.53",
                $"{tuned.Measured(choosing).Percent()} at {Shown(tuned)} against {standard.Measured(choosing).Percent()} at "
                + $"{Shown(standard)} (a gain of {standardGain.Percent()}): {ahead.Percent()} apart",
                ahead.Low > 0 ? Verdict.Holds : ahead.High < 0 ? Verdict.DoesNotHold : Verdict.HoldsInPart),
        };
        claims.AddRange(Claims(tasks));
        ResultTable summaries = new(
            "Which of four summaries belongs to a name", ["model", "strength", "right", "noise of the estimate (%)"],
        [
            .. answers.Select(answer => new object[]
            {
                answer.Model, answer.Strength, answer.Measured(choosing).Percent(), 100 * answer.NoiseStandardError,
            }),
        ]);
        return new ExperimentResult(claims, tasks.Length == 0 ? [summaries] : [summaries, Table(tasks)], new
        {
            options.Network,
            options.BatchSize,
            options.LearningRate,
            options.Optimizer.Beta2,
            options.WarmStart,
            TrainingSteps,
            FineTuningSteps,
            FineTuningRate,
            FineTuningBatchSize = 2 * BatchSize,
            Strengths,
            PromptDropout,
            Samples,
            QuestionsToChoose,
            QuestionsToMeasure,
            QuestionsOfTask,
        }, Plot(answers, choosing));
    }

    private static ClaimResult[] Claims(TaskAnswers[] tasks) =>
    [
        .. tasks.Chunk(2).Select(pair => new ClaimResult(
            $"Guidance makes answers to {pair[0].Task} better.", "better on all of 8 tasks",
            $"{pair[0].Accuracy.Percent()} without, {pair[1].Accuracy.Percent()} at w = {Shown(pair[1].Strength)}",
            pair.All(asked => asked.Accuracy.Low <= asked.Chance) ? Verdict.CannotBeTold
                : pair[1].Accuracy.Low > pair[0].Accuracy.High ? Verdict.Holds
                : pair[1].Accuracy.High < pair[0].Accuracy.Low ? Verdict.DoesNotHold : Verdict.CannotBeTold)),
    ];

    private static ResultTable Table(TaskAnswers[] tasks) => new(
        "The paper's tasks, model as pre-trained", ["task", "strength", "right", "chance (%)", "noise of the estimate (%)"],
        [
            .. tasks.Select(asked => new object[]
            {
                asked.Task, asked.Strength, asked.Accuracy.Percent(), 100 * asked.Chance, 100 * asked.NoiseStandardError,
            }),
        ]);

    private static string Shown(Answers answers) => $"w = {Shown(answers.Strength)}";

    private static string Shown(double strength) => strength.ToString(CultureInfo.InvariantCulture);

    private static PlotModel Plot(Answers[] answers, int choosing)
    {
        PlotModel plot = Plots.Empty("strength of guidance w", "share of questions answered right");
        foreach ((int look, IGrouping<string, Answers> model) in answers.GroupBy(answer => answer.Model).Index())
            Plots.Add(plot, model.Key, look, model.Select(answer => (answer.Strength, answer.Measured(choosing))));
        return plot;
    }

    /// <summary>Answers to the questions, those to choose a strength by first.</summary>
    private sealed record Answers(string Model, double Strength, bool[] Right, double NoiseStandardError)
    {
        public Interval Measured(int choosing) => Interval.OfShare(Right.Skip(choosing).Count(right => right), Right.Length - choosing);
    }

    private sealed record TaskAnswers(string Task, double Strength, double Chance, Interval Accuracy, double NoiseStandardError);

    private sealed record PublishedTask(string Name, string File, double Chance, double Strength);

    private sealed class PairRow
    {
        public string Prompt { get; set; } = "";

        public string Text { get; set; } = "";
    }
}
