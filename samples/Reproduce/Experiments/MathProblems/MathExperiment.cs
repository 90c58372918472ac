using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.MathProblems;

/// <summary>"Scaling up Masked Diffusion Models on Text" (Nie et al., 2024): fine-tuning on GSM8K in two stages.</summary>
internal sealed class MathExperiment : Experiment
{
    private const string TrainingFile = "train.jsonl", TestFile = "test.jsonl", AugmentedFile = "train.txt";
    private const string Source = "GSM8K, Cobbe et al., 2021";
    private const string ArithmeticSet = "arithmetic", Gsm8kSet = "GSM8K";

    // The published share of GSM8K's test, which is quoted second-hand, and what counts as the same or as enough for a comparison.
    private const double PublishedShare = 0.585, SameWithin = 0.05, LeastSolved = 0.1;

    // Problems that are written down for the training on arithmetic, and the share of number triples that only its test has.
    private const int ArithmeticProblems = 10_000;
    private const double TestShare = 0.2;

    public override string Name => "math";

    public override string Title => "Word problems in the two stages of the published GSM8K recipe";

    public override string Method =>
        "Each problem is two rows to learn, as published: from the question to the reasoning, and from both to the answer. A model answers "
        + "in the same two stages; the number after #### in the last line is compared with the reference as published. On generated "
        + "problems of two steps of arithmetic, whose test has triples of numbers that the training lacks, a masked diffusion and an "
        + "autoregressive model of the same network learn from the same rows in the same steps, and a second masked diffusion model learns "
        + "reasoning and answer as one text. On GSM8K's own problems a short training shows that the recipe runs on the real data. Models "
        + "begin with random weights. Differences are between the answers to the same questions.";

    public override string Full =>
        "fine-tunes the model of --model with the published recipe for GSM8K on train.txt of --data, and answers test.jsonl in 256 steps";

    public override ExperimentResult Measure(Run run)
    {
        if (run.Options.IsFull)
        {
            using MaskedDiffusionModel pretrained = run.LoadPretrained(ModelKind.MaskedDiffusion);
            (Answered published, RealData publishedData) = Gsm8k(run, MathSettings.Published, pretrained);
            return Conclude(MathSettings.Published, [], published, publishedData);
        }
        // The set that is read from files comes first, so that a missing file is known at once.
        (Answered real, RealData data) = Gsm8k(run, MathSettings.Gsm8k, null);
        return Conclude(MathSettings.Gsm8k, Arithmetic(run), real, data);
    }

    private static Answered[] Arithmetic(Run run)
    {
        string folder = run.Subfolder(RunFolder.Data);
        (string training, string test) = (Path.Combine(folder, TrainingFile), Path.Combine(folder, TestFile));
        var numbers = new Arithmetic(TestShare, new Random(run.Options.Seed));
        MathSettings settings = MathSettings.Arithmetic;
        Write(training, ArithmeticProblems, numbers.TrainingLine, run.Options.Seed + 1);
        Write(test, run.Options.Scaled(settings.Questions), numbers.TestLine, run.Options.Seed + 2);
        TextTokenizer tokenizer = Tokenizer(run, ArithmeticSet, training, settings);
        FineTuningRow[] rows = [.. FineTuningReader.Gsm8k.Read(training)], testRows = [.. FineTuningReader.Gsm8k.Read(test)];
        Problem[] problems = Problem.Read(test);
        (ModelKind Kind, Stages Stages)[] models =
        [
            (ModelKind.MaskedDiffusion, Stages.Two), (ModelKind.Autoregressive, Stages.Two), (ModelKind.MaskedDiffusion, Stages.One),
        ];
        return
        [
            .. models.Select(model => Ask(
                run, ArithmeticSet, settings, Options(settings, model.Kind, tokenizer, run.Options), model.Kind, model.Stages, rows,
                problems, testRows)),
        ];

        void Write(string path, int count, Func<Random, string> line, int seed)
        {
            var random = new Random(seed);
            File.WriteAllLines(path, [.. Enumerable.Range(0, count).Select(_ => line(random))]);
        }
    }

    private static (Answered Answered, RealData Data) Gsm8k(Run run, MathSettings settings, MaskedDiffusionModel? pretrained)
    {
        string? augmented = run.FindDataFile(AugmentedFile), official = run.FindDataFile(TestFile);
        string training = augmented ?? run.DataFile(TrainingFile, Source);
        TextTokenizer tokenizer = pretrained?.Tokenizer ?? Tokenizer(run, Gsm8kSet, training, settings);
        // Where the tokenizer puts no beginning before the parts, a row begins with an end of text, which the limit does not count.
        var limit = new LengthLimit(tokenizer, tokenizer.BeginningOfSequenceId is null ? settings.RowTokens - 1 : settings.RowTokens);
        var skipped = new SkippedRows();
        // Two rows stand together for each problem, so problems are what is shuffled and split.
        FineTuningRow[][] all = [.. FineTuningReader.Gsm8k.Read(training, limit, skipped).Chunk(2)];
        new Random(run.Options.Seed).Shuffle(all);
        int held = Math.Min(run.Options.Scaled(settings.Questions), all.Length / 2);
        FineTuningRow[] rows = [.. all[held..].SelectMany(problem => problem)];
        FineTuningRow[] testRows = official is null
            ? [.. all[..held].SelectMany(problem => problem)]
            : [.. FineTuningReader.Gsm8k.Read(official, limit).Chunk(2).Take(held).SelectMany(problem => problem)];
        Problem[] problems = [.. testRows.Where(row => row.Reasoning.Length > 0).Select(Problem.Of)];
        TrainerOptions options = pretrained is null
            ? Options(settings, ModelKind.MaskedDiffusion, tokenizer, run.Options) : Published(pretrained, run.Options);
        Answered answered = Ask(run, Gsm8kSet, settings, options, ModelKind.MaskedDiffusion, Stages.Two, rows, problems, testRows);
        return (answered, new RealData(
            Path.GetFileName(training), augmented is not null, official is not null, rows.Length / 2, problems.Length, skipped.Count));
    }

    private static TextTokenizer Tokenizer(Run run, string name, string path, MathSettings settings) => TrainedTokenizer.WithSingleDigits(
        run, $"tokenizer-{name}",
        FineTuningReader.Gsm8k.Read(path).Where(row => row.Reasoning.Length > 0).Select(row => $"{row.Prompt}{row.Reasoning}{row.Answer}"),
        settings.VocabularySize!.Value);

    private static TrainerOptions Options(MathSettings settings, ModelKind kind, TextTokenizer tokenizer, RunOptions run)
    {
        TrainerOptions options =
            settings.Training!.Options(kind, TokenizerSource.FromTokenizer(tokenizer), settings.RowTokens, run);
        options.Rows.MaxLength = settings.RowTokens;
        if (kind == ModelKind.MaskedDiffusion)
            options.Rows.Padding = RowPadding.Full;
        return options;
    }

    private static TrainerOptions Published(MaskedDiffusionModel model, RunOptions run)
    {
        TrainerOptions options = FineTuningRecipes.Gsm8k(model);
        options.Budget.MaxEpochs *= run.Scale;
        return options;
    }

    // Trains a model, lets it answer the problems and measures the loss of the right reasoning and answers.
    private static Answered Ask(
        Run run, string set, MathSettings settings, TrainerOptions options, ModelKind kind, Stages stages, FineTuningRow[] rows,
        Problem[] problems, FineTuningRow[] testRows)
    {
        string name = $"{set}, {kind.Words()}, {stages.ToString().ToLowerInvariant()} stages";
        using MaskedDiffusionModel model = run.Train($"{set}-{kind}-{stages}", kind, options, run.MLContext.Data.LoadFromEnumerable(
            stages == Stages.One ? Solver.InOneStage(rows) : rows));
        return run.Stage(name, () =>
        {
            bool isGuided = kind == ModelKind.MaskedDiffusion;
            var solver = new Solver(model, settings.Sampling(isGuided, run.Options.Seed), settings.RowTokens);
            string[] texts = solver.Solve(problems, stages);
            bool[] isRight =
            [
                .. texts.Zip(problems, (text, problem) => AnswerCheck.AreEqual(AnswerCheck.Extract(text), problem.Reference)),
            ];
            return new Answered(set, kind, stages, isRight, texts.Count(text => AnswerCheck.Extract(text).Length > 0),
                Loss(model, kind, settings, stages == Stages.One ? [.. Solver.InOneStage(testRows)] : testRows, run.Options), texts[0]);
        });
    }

    private static Interval Loss(MaskedDiffusionModel model, ModelKind kind, MathSettings settings, FineTuningRow[] rows, RunOptions run)
    {
        var options = new LikelihoodOptions { Seed = run.Seed };
        // Rows were filled up in the training, so a masked rest stands behind the answer.
        if (kind == ModelKind.MaskedDiffusion)
            (options.Samples, options.PadToContext) = (settings.LikelihoodSamples, true);
        var scorer = new LikelihoodScorer(model, options, separator: "");
        TextLikelihood[] scores = scorer.Score([.. rows.Select(row => new ScoredText(row.Answer, row.Prompt + row.Reasoning))]);
        return Interval.OfMean([.. scores.Select(score => score.NegativeLogLikelihood / score.TokenCount)]);
    }

    private static ExperimentResult Conclude(MathSettings settings, Answered[] arithmetic, Answered real, RealData data)
    {
        ClaimResult[] claims =
        [
            .. arithmetic.Length == 0 ? [] : Claims(arithmetic[0], arithmetic[1], arithmetic[2]),
            new("Masked diffusion solves GSM8K's problems.", "58.5 %",
                $"{real.Right.Percent()} of {data.Problems} problems ({data.Test}), trained on {data.TrainingProblems} of {data.File} "
                + $"({data.Augmentation})",
                real.Right.Value < LeastSolved ? Verdict.CannotBeTold
                    : real.Right.High >= PublishedShare ? Verdict.Holds : Verdict.DoesNotHold),
        ];
        ResultTable table = new(
            "Solved problems, and the loss of the right rows (nats per token; a bound for masked diffusion)",
            ["problems", "model", "stages", "right", "with an answer in the last line", "loss"],
            [
                .. arithmetic.Append(real).Select(answered => new object[]
                {
                    answered.Set, answered.Kind.Words(), answered.Stages.ToString().ToLowerInvariant(), answered.Right.Percent(),
                    Interval.OfShare(answered.Formed, answered.IsRight.Length).Percent(), answered.Loss,
                }),
            ]);
        ResultTable examples = new("The text after the first question of the test", ["problems", "model", "stages", "text"],
        [
            .. arithmetic.Append(real).Select(answered => new object[]
            {
                answered.Set, answered.Kind.Words(), answered.Stages.ToString().ToLowerInvariant(),
                answered.Example.ReplaceLineEndings(" / "),
            }),
        ]);
        return new ExperimentResult(
            claims, [table, examples],
            new { MathSettings.Arithmetic, Gsm8k = settings, ArithmeticProblems, TestShare, SameWithin, LeastSolved, data },
            Plot([.. arithmetic, real]));
    }

    private static ClaimResult[] Claims(Answered masked, Answered autoregressive, Answered one)
    {
        Interval toOther = Difference(masked, autoregressive), toOne = Difference(masked, one);
        return
        [
            new("Masked diffusion, fine-tuned in two stages, solves as many problems as an autoregressive model.",
                "58.5 % of GSM8K against 58.6 % (1.1 and 7 billion parameters)",
                $"arithmetic: {masked.Right.Percent()} against {autoregressive.Right.Percent()}, difference {toOther.Percent()}",
                !IsEnough(masked, autoregressive) ? Verdict.CannotBeTold
                    : toOther.Low > -SameWithin ? Verdict.Holds
                    : toOther.High > -SameWithin ? Verdict.HoldsInPart : Verdict.DoesNotHold),
            new("Two stages solve more problems than one.", "two stages are the recipe; one was not published",
                $"arithmetic: {masked.Right.Percent()} against {one.Right.Percent()}, difference {toOne.Percent()}",
                IsEnough(masked, one) ? Verdicts.IsAbove(toOne) : Verdict.CannotBeTold),
        ];
    }

    private static bool IsEnough(Answered one, Answered other) => Math.Max(one.Right.Value, other.Right.Value) >= LeastSolved;

    private static Interval Difference(Answered one, Answered other) => Interval.OfShareDifference(one.IsRight, other.IsRight);

    private static OxyPlot.PlotModel Plot(Answered[] all)
    {
        OxyPlot.PlotModel plot = Plots.Empty("loss of the right rows (nats per token)", "share of solved problems");
        foreach ((int look, Answered answered) in all.Index())
        {
            string stages = answered.Stages == Stages.Two ? "two stages" : "one stage";
            Plots.Add(
                plot, $"{answered.Set}, {answered.Kind.Words()}, {stages}", look, [(answered.Loss.Value, answered.Right)], isLine: false);
        }
        return plot;
    }

    private sealed record Answered(
        string Set, ModelKind Kind, Stages Stages, bool[] IsRight, int Formed, Interval Loss, string Example)
    {
        public Interval Right => Interval.OfShare(IsRight.Count(right => right), IsRight.Length);
    }

    private sealed record RealData(string File, bool IsAugmented, bool IsOfficialTest, int TrainingProblems, int Problems, int SkippedLines)
    {
        public string Test => IsOfficialTest ? "the official test" : "held out of the training file, as there was no test.jsonl";

        public string Augmentation =>
            IsAugmented ? "the augmented set" : "the published training had 384,620 augmented problems in train.txt, which was not there";
    }
}
