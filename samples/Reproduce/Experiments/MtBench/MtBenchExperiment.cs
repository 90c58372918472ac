using DocumentationDemo.Corpus;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.MtBench;

/// <summary>
/// "Scaling up Masked Diffusion Models on Text" (Nie et al., 2024): fine-tuning on ShareGPT and answers to MT-Bench, up to the judge, which
/// is the user's.
/// </summary>
internal sealed class MtBenchExperiment : Experiment
{
    private const string DialogueFile = "sharegpt.json", QuestionFile = "question.jsonl";
    private const string DialogueSource = "ShareGPT's conversations as FastChat's training reads them: a list of id and conversations",
        QuestionSource = "MT-Bench's questions, in FastChat's repository under data/mt_bench";

    public override string Name => "mt-bench";

    public override string Title => "Fine-tuning on conversations, and MT-Bench answers for a judge";

    public override string Method =>
        "A masked diffusion and an autoregressive model of the same network learn the .NET reference documentation from random weights, "
        + "and then the first turns of conversations by the published recipe: FastChat's vicuna_v1.1 template, loss on the answer, rows "
        + "filled up to the longest of the micro batch for masked diffusion. Both answer the first turn of each question, with the "
        + "published sampler, into files of FastChat's format, which are read back and checked; a judge is not part of this. Measured "
        + "without one: the loss of held-out answers before and after the fine-tuning, and with unsupervised guidance. Differences are "
        + "between the losses of the same answers. With --stand-ins the conversations and questions are made of the documentation.";

    public override string Full =>
        "fine-tunes the models of --model and --baseline with the published recipe on --data's conversations, and answers in 128 steps "
        + "with 1,024 tokens in all";

    public override bool HasStandIns => true;

    public override ExperimentResult Measure(Run run)
    {
        MtBenchSettings settings = run.Options.IsFull ? MtBenchSettings.Published : MtBenchSettings.Small;
        // Missing files are an error before the documentation is read.
        (string Dialogues, string Questions)? given = run.Options.UsesStandIns
            ? null : (run.DataFile(DialogueFile, DialogueSource), run.DataFile(QuestionFile, QuestionSource));
        CorpusSets sets = Documentation.Of(run);
        (string dialogues, string questionFile) = given ?? WriteStandIns(run, settings, sets);
        JudgedQuestion[] questions = JudgedQuestion.Read(questionFile);
        FineTuningRow[] rows = [.. FineTuningReader.ShareGpt.Read(dialogues)];
        if (rows.Length < 2)
        {
            throw new FormatException($"{dialogues} has {rows.Length} conversations that begin with human and gpt; training and test need "
                + "at least two. Take more of ShareGPT's conversations.");
        }
        new Random(run.Options.Seed).Shuffle(rows);
        int held = Math.Min(run.Options.Scaled(settings.HeldOut), rows.Length / 2);
        (FineTuningRow[] training, FineTuningRow[] test) = (rows[held..], rows[..held]);
        Func<ModelKind, MaskedDiffusionModel> pretrain =
            run.Options.IsFull ? run.LoadPretrained : Pretraining(run, settings, sets, training);
        Tuned[] tuned =
        [
            .. Enum.GetValues<ModelKind>().Select(kind => Tune(run, settings, kind, pretrain, training, test, questions)),
        ];
        return Conclude(settings, tuned, questions, run.Options.UsesStandIns);
    }

    // Trains models of one tokenizer, which knows the template's words too.
    private static Func<ModelKind, MaskedDiffusionModel> Pretraining(
        Run run, MtBenchSettings settings, CorpusSets sets, FineTuningRow[] training)
    {
        IDataView documents = run.MLContext.Data.TakeRows(sets.Training, run.Options.Scaled(settings.Documents));
        TextTokenizer tokenizer = TrainedTokenizer.Of(run, "tokenizer",
            [
                .. CorpusSets.RowsOf(run.MLContext, documents).Select(row => row.Text),
                .. training.Select(row => row.Prompt + row.Answer),
            ],
            settings.VocabularySize);
        return kind => run.Train($"{kind}-pretrained", kind, Pretraining(settings, kind, tokenizer, run.Options), documents);
    }

    private static (string Dialogues, string Questions) WriteStandIns(
        Run run, MtBenchSettings settings, CorpusSets sets)
    {
        string folder = run.Subfolder(RunFolder.Data);
        (string dialogues, string questions) = (Path.Combine(folder, DialogueFile), Path.Combine(folder, QuestionFile));
        var random = new Random(run.Options.Seed);
        int asked = run.Options.Scaled(settings.StandInQuestions);
        // All of it is about types that the documents of the first training do not have.
        CorpusRow[] named = [.. sets.HeldOut.Where(row => row.Name.Length > 0)];
        StandIns.WriteQuestions(questions, named.Take(asked), random);
        StandIns.WriteDialogues(dialogues, named.Skip(asked).Take(Math.Max(4, run.Options.Scaled(settings.StandInDialogues))), random);
        return (dialogues, questions);
    }

    private static Tuned Tune(
        Run run, MtBenchSettings settings, ModelKind kind, Func<ModelKind, MaskedDiffusionModel> pretrain, FineTuningRow[] training,
        FineTuningRow[] test, JudgedQuestion[] questions)
    {
        using MaskedDiffusionModel pretrained = pretrain(kind);
        Losses before = run.Stage(
            $"{kind.Words()}: losses before the fine-tuning", () => Measure(run, settings, pretrained, kind, 0, test));
        using MaskedDiffusionModel model = run.Train(
            $"{kind}-tuned", kind, FineTuning(settings, pretrained, run.Options), run.MLContext.Data.LoadFromEnumerable(training));
        double[] guidances = kind == ModelKind.MaskedDiffusion ? settings.Guidances : [0];
        Losses[] after =
        [
            .. guidances.Select(guidance => run.Stage($"{kind.Words()}: losses at guidance {guidance}",
                () => Measure(run, settings, model, kind, guidance, test))),
        ];
        string file = Path.Combine(run.Subfolder(RunFolder.Answers), kind.ToString().ToLowerInvariant() + ".jsonl");
        Written written = run.Stage($"{kind.Words()}: answers", () => Answer(run, settings, model, kind, questions, file));
        return new Tuned(kind, before, after, written);
    }

    // Documents are joined, as in every training of the paper before the fine-tuning.
    private static TrainerOptions Pretraining(MtBenchSettings settings, ModelKind kind, TextTokenizer tokenizer, RunOptions run) =>
        new SmallTraining { BatchSize = settings.PretrainingBatch, LearningRate = settings.PretrainingRate }.Options(
            kind, new NetworkSize(settings.Layers, settings.Width).Network(settings.ContextLength),
            TokenizerSource.FromTokenizer(tokenizer), run.Scaled(settings.PretrainingSteps));

    // The published recipe; for a small model with other sizes and another rate.
    private static TrainerOptions FineTuning(MtBenchSettings settings, MaskedDiffusionModel model, RunOptions run)
    {
        TrainerOptions options = FineTuningRecipes.ShareGpt(model);
        if (run.IsFull)
        {
            options.Budget.MaxEpochs *= run.Scale;
            return options;
        }
        (options.MaxSteps, options.Budget) = (run.Scaled(settings.FineTuningSteps), new BudgetOptions());
        (options.BatchSize, options.LearningRate) = (settings.FineTuningBatch, settings.FineTuningRate);
        options.Optimizer.WarmupSteps = run.Scaled(settings.FineTuningSteps) / 10;
        return options;
    }

    private static Losses Measure(
        Run run, MtBenchSettings settings, MaskedDiffusionModel model, ModelKind kind, double guidance, FineTuningRow[] rows)
    {
        var options = new LikelihoodOptions { Seed = run.Options.Seed, GuidanceScale = guidance };
        if (kind == ModelKind.MaskedDiffusion)
            options.Samples = settings.LikelihoodSamples;
        // Answers that are too long with their prompts lose the prompts' beginnings, as long as both models see the same.
        var scorer = new LikelihoodScorer(model, options, separator: "", ContextOverflow.KeepEnd);
        TextLikelihood[] scores = scorer.Score([.. rows.Select(row => new ScoredText(row.Answer, row.Prompt))]);
        return new Losses(guidance, [.. scores.Select(score => score.NegativeLogLikelihood / Math.Max(1, score.TokenCount))]);
    }

    private static Written Answer(
        Run run, MtBenchSettings settings, MaskedDiffusionModel model, ModelKind kind, JudgedQuestion[] questions, string file)
    {
        // What the published script writes where a prompt is too long for the model.
        const string TooLong = "ERROR";
        GeneratedText?[] texts = LimitedTexts.Write(
            model, [.. questions.Select(question => VicunaPrompt.Of(question.Turns[0]))],
            promptTokens => Math.Min(
                settings.AnswerTokens ?? int.MaxValue, (settings.TotalTokens ?? model.Config.ContextLength) - promptTokens),
            room => new GenerationOptions
            {
                MaxNewTokens = room,
                MinNewTokens = Math.Min(room, 2),
                Sampling = settings.Sampling(kind == ModelKind.MaskedDiffusion, run.Options.Seed),
            });
        string[] answers = [.. texts.Select(text => text?.Text.Trim() ?? TooLong)];
        AnswerFile.Write(file, questions.Zip(answers), run.Options.Seed, DateTimeOffset.UtcNow);
        IReadOnlyList<string> faults = AnswerFile.Faults(file, questions);
        return new Written([.. faults], answers.Count(answer => answer == TooLong), questions[0].Turns[0], answers[0],
            Interval.OfMean([.. texts.Select(text => (double)(text?.Tokens.Count ?? 0))]));
    }

    private static ExperimentResult Conclude(MtBenchSettings settings, Tuned[] tuned, JudgedQuestion[] questions, bool usesStandIns)
    {
        Tuned masked = tuned.Single(model => model.Kind == ModelKind.MaskedDiffusion);
        int faults = tuned.Sum(model => model.Written.Faults.Length);
        Losses guided = masked.After.Single(losses => losses.Guidance == settings.Guidance);
        Interval byGuidance = Difference(guided, masked.After[0]);
        string files = usesStandIns ? "stand-ins made of documentation" : "the files of --data";
        ClaimResult[] claims =
        [
            new("The answers are files that FastChat's judge reads.", "a line for each of 80 questions",
                $"{tuned.Length} files of {questions.Length} questions ({files}), {faults} faults, "
                + $"{tuned.Sum(model => model.Written.TooLong)} questions too long for the model"
                + (faults == 0 ? "" : $": {string.Join("; ", tuned.SelectMany(model => model.Written.Faults).Take(3))}"),
                faults == 0 ? Verdict.Holds : Verdict.DoesNotHold),
            .. tuned.Select(model => Learned(model, files)),
            new("Unsupervised guidance makes held-out answers likelier.", "judged 1.60 against 1.32 without it; no loss is published",
                $"loss of held-out answers at the published {settings.Guidance} less that without: {byGuidance} nats per token "
                + $"({files})",
                Verdicts.IsBelow(byGuidance)),
        ];
        ResultTable loss = new("Loss of held-out answers (nats per token; a bound for masked diffusion)",
            ["model", "fine-tuned", "guidance", "loss"],
            [
                .. from model in tuned
                   from losses in model.After.Prepend(model.Before)
                   select new object[]
                   {
                       model.Kind.Words(), losses == model.Before ? "no" : "yes", losses.Guidance, losses.Mean,
                   },
            ]);
        ResultTable answers = new("Answers", ["model", "faults of the file", "too long", "tokens", "first question", "its answer"],
        [
            .. tuned.Select(model => new object[]
            {
                model.Kind.Words(), model.Written.Faults.Length, model.Written.TooLong, model.Written.Tokens, model.Written.Question,
                model.Written.Answer.ReplaceLineEndings(" / "),
            }),
        ]);
        return new ExperimentResult(claims, [loss, answers], settings, Plot(masked));
    }

    private static ClaimResult Learned(Tuned model, string files)
    {
        Interval difference = Difference(model.After[0], model.Before);
        return new ClaimResult($"The fine-tuning makes held-out answers likelier ({model.Kind.Words()}).",
            (model.Kind == ModelKind.MaskedDiffusion ? "judged 1.60 at 256 steps" : "judged 1.57") + "; no loss is published",
            $"loss of held-out answers {model.Before.Mean} before, {model.After[0].Mean} after, difference {difference} nats per token "
            + $"({files})",
            Verdicts.IsBelow(difference));
    }

    private static Interval Difference(Losses one, Losses other) =>
        Interval.OfMean([.. one.Nats.Zip(other.Nats, (first, second) => first - second)]);

    private static OxyPlot.PlotModel Plot(Tuned masked)
    {
        OxyPlot.PlotModel plot = Plots.Empty("guidance scale", "loss of held-out answers (nats per token)");
        Plots.Add(plot, "after fine-tuning", 0, masked.After.Select(losses => (losses.Guidance, losses.Mean)));
        Plots.Add(plot, "before", 1, [(0.0, masked.Before.Mean)], isLine: false);
        return plot;
    }

    /// <summary>Nats per token of each held-out answer.</summary>
    private sealed record Losses(double Guidance, double[] Nats)
    {
        public Interval Mean => Interval.OfMean(Nats);
    }

    private sealed record Written(string[] Faults, int TooLong, string Question, string Answer, Interval Tokens);

    private sealed record Tuned(ModelKind Kind, Losses Before, Losses[] After, Written Written);
}
