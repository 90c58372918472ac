using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.ReverseCurse;

/// <summary>"The Reversal Curse" (Berglund et al., 2023), as "Scaling up Masked Diffusion Models on Text" asks it (its Table 5).</summary>
internal sealed class ReverseCurseExperiment : Experiment
{
    private const string TrainingFile = "all_prompts_train.jsonl", Source = "the data of 'The Reversal Curse', Berglund et al., 2023";
    private const string Reversed = "reversed", Learned = "as learned";

    private static readonly Question[] Questions =
    [
        new("description to name", Learned, "d2p_prompts_test.jsonl", IsDescription: false),
        new("description to name", Reversed, "p2d_reverse_prompts_test.jsonl", IsDescription: false),
        new("name to description", Learned, "p2d_prompts_test.jsonl", IsDescription: true),
        new("name to description", Reversed, "d2p_reverse_prompts_test.jsonl", IsDescription: true),
    ];

    public override string Name => "reverse-curse";

    public override string Title => "The reversal curse: facts asked in the direction in which they were not learned";

    public override string Full =>
        "fine-tunes the models of --model and --baseline for 10 epochs with the published recipe, and asks with 32 steps, 52 tokens in all "
        + "and guidance 0.8";

    public override string Method =>
        "3,600 sentences about fictitious people are learned by a masked diffusion and an autoregressive model of the same network, from "
        + "random weights, as one text in contexts of 64 tokens, in a random order (in the published setting from pre-trained models, each "
        + "sentence by itself). Of 30 people the name always comes first, of 30 the "
        + "description, of 30 there are both. 300 questions of each kind ask for names and descriptions in the learned and in the other "
        + "direction: an answer of up to 24 tokens is right that contains the reference, in lower case, as published. Apart from that both "
        + "models choose the likeliest of all 60 names after 100 of the descriptions, which no sampler has a part in.";

    public override ExperimentResult Measure(Run run)
    {
        TextRow[] sentences =
            [.. Read(run.DataFile(TrainingFile, Source)).Select(row => new TextRow { Text = row.Prompt + row.Completion })];
        // In the file the sentences about a person follow each other, so that in one text the next sentence names the person again: both
        // kinds of model would learn descriptions before names from that.
        new Random(run.Options.Seed).Shuffle(sentences);
        IDataView rows = run.MLContext.Data.LoadFromEnumerable(sentences);
        ReverseCurseSettings settings = run.Options.IsFull ? ReverseCurseSettings.Published : ReverseCurseSettings.Small;
        var answers = new List<Answered>();
        var choices = new List<Chosen>();
        foreach (ModelKind kind in Enum.GetValues<ModelKind>())
        {
            MaskedDiffusionModel? model = run.Options.IsFull ? run.LoadPretrained(kind) : null;
            int before = 0;
            foreach (int epochs in settings.Epochs)
            {
                MaskedDiffusionModel next =
                    run.Train($"{kind}-{epochs}", kind, settings.Options(kind, epochs - before, model, run.Options), rows);
                model?.Dispose();
                (model, before) = (next, epochs);
                double[] scales = kind == ModelKind.MaskedDiffusion && epochs == settings.Epochs[^1] ? [0, settings.Guidance] : [0];
                answers.AddRange(
                    from scale in scales
                    from question in Questions
                    select run.Stage(
                        $"{kind.Words()} after {epochs} epochs, guidance {scale}: {question.Kind}, {question.Direction}",
                        () => Ask(run, next, settings, kind, epochs, scale, question)));
                choices.AddRange(
                    from question in Questions
                    where !question.IsDescription
                    select run.Stage($"{kind.Words()} after {epochs} epochs: the likeliest name, {question.Direction}",
                        () => Choose(run, next, settings, kind, epochs, question)));
            }
            model!.Dispose();
        }
        return Conclude([.. answers], [.. choices], settings);
    }

    private static (string Prompt, string Completion)[] Rows(Run run, Question question)
    {
        (string Prompt, string Completion)[] all = [.. Read(run.DataFile(question.File, Source))];
        return all[..Math.Min(all.Length, run.Options.Scaled(all.Length))];
    }

    private static Answered Ask(
        Run run, MaskedDiffusionModel model, ReverseCurseSettings settings, ModelKind kind, int epochs, double scale, Question question)
    {
        (string Prompt, string Completion)[] rows = Rows(run, question);
        // A description ends its sentence. A name must not: these descriptions were learned as the ends of sentences, so that the most
        // confident answer is none. As published, nothing ends it.
        GeneratedText?[] texts = LimitedTexts.Write(model, [.. rows.Select(row => row.Prompt)], settings.NewTokens, room => new()
        {
            MaxNewTokens = room,
            MinNewTokens = question.IsDescription ? 0 : room,
            Sampling = new SamplingOptions
            {
                Order = SamplingOrder.Confidence, Temperature = 0, GuidanceScale = scale, Steps = settings.SamplingSteps,
            },
        });
        (string Text, string Reference)[] pairs =
        [
            .. texts.Zip(rows, (text, row) => (Normalized(text?.Text ?? ""), Normalized(row.Completion))),
        ];
        return new Answered(kind, epochs, scale, question.Kind, question.Direction,
            Interval.OfShare(pairs.Count(pair => pair.Text.Contains(pair.Reference, StringComparison.Ordinal)), pairs.Length),
            question.IsDescription ? Interval.OfMean([.. pairs.Select(pair => Bleu.OfCharacters(pair.Text, pair.Reference))]) : null,
            question.IsDescription ? Interval.OfMean([.. pairs.Select(pair => Bleu.OfWords(pair.Text, pair.Reference))]) : null);
    }

    private static Chosen Choose(
        Run run, MaskedDiffusionModel model, ReverseCurseSettings settings, ModelKind kind, int epochs, Question question)
    {
        string[] names =
        [
            .. Questions.Where(asked => !asked.IsDescription).SelectMany(asked => Read(run.DataFile(asked.File, Source)))
                .Select(row => row.Completion).Distinct().Order(StringComparer.Ordinal),
        ];
        var scorer = new LikelihoodScorer(model);
        (string Prompt, string Completion)[] all = Rows(run, question);
        (string Prompt, string Completion)[] rows = [.. all.Where((_, i) => i % Math.Max(1, all.Length / settings.NamesAskedFor) == 0)];
        int right = rows.Count(row =>
            names.MinBy(name => scorer.Score(name, context: row.Prompt).NegativeLogLikelihood) == row.Completion);
        return new Chosen(kind, epochs, question.Direction, names.Length, Interval.OfShare(right, rows.Length));
    }

    private static string Normalized(string text) => text.Trim().ToLowerInvariant();

    private static ExperimentResult Conclude(Answered[] answers, Chosen[] choices, ReverseCurseSettings settings)
    {
        Answered Last(ModelKind kind, string asked, double scale = 0) => answers.Last(answer =>
            (answer.Kind, answer.Asked, answer.Direction, answer.GuidanceScale) == (kind, asked, Reversed, scale));
        Chosen Choice(ModelKind kind) => choices.Last(choice => (choice.Kind, choice.Direction) == (kind, Reversed));
        string names = Questions[0].Kind, descriptions = Questions[2].Kind;
        Answered named = Last(ModelKind.MaskedDiffusion, names), otherNamed = Last(ModelKind.Autoregressive, names);
        Answered guided = Last(ModelKind.MaskedDiffusion, names, settings.Guidance);
        Answered described = Last(ModelKind.MaskedDiffusion, descriptions);
        Answered otherDescribed = Last(ModelKind.Autoregressive, descriptions);
        Chosen chosen = Choice(ModelKind.MaskedDiffusion), otherChosen = Choice(ModelKind.Autoregressive);
        ClaimResult[] claims =
        [
            new("Masked diffusion names people from their descriptions though it learned them the other way round.", "92 %",
                $"{named.Accuracy.Percent()}; with the published guidance {guided.Accuracy.Percent()}; "
                + $"the likeliest of {chosen.Names} names {chosen.Accuracy.Percent()}",
                // In part: it knows which name it is more often than the other model, though it does not write it.
                named.Accuracy.Value >= 0.9 ? Verdict.Holds
                    : chosen.Accuracy.Low > otherChosen.Accuracy.High ? Verdict.HoldsInPart : Verdict.DoesNotHold),
            new("An autoregressive model does not.", "0 %",
                $"{otherNamed.Accuracy.Percent()}; the likeliest of {otherChosen.Names} names {otherChosen.Accuracy.Percent()}",
                otherNamed.Accuracy.Value <= 0.05 ? Verdict.Holds : Verdict.DoesNotHold),
            new("Masked diffusion describes people by their names though it learned them the other way round.", "37 %, BLEU 67",
                $"{described.Accuracy.Percent()}, BLEU of characters {described.CharacterBleu!.Percent()}; "
                + $"autoregressive {otherDescribed.Accuracy.Percent()}, {otherDescribed.CharacterBleu!.Percent()}",
                described.Accuracy.High >= 0.37 ? Verdict.Holds
                    : described.Accuracy.Low > otherDescribed.Accuracy.High ? Verdict.HoldsInPart : Verdict.DoesNotHold),
        ];
        string[] columns = ["model", "epochs", "guidance", "asked", "direction", "right", "BLEU of characters", "BLEU of words"];
        ResultTable table = new("Answers", columns,
        [
            .. answers.Select(answer => new object[]
            {
                answer.Kind.Words(), answer.Epochs, answer.GuidanceScale, answer.Asked, answer.Direction, answer.Accuracy.Percent(),
                answer.CharacterBleu?.Percent() ?? "", answer.WordBleu?.Percent() ?? "",
            }),
        ]);
        ResultTable likeliest = new("The likeliest name after a description", ["model", "epochs", "direction", "names", "right"],
        [
            .. choices.Select(choice => new object[]
            {
                choice.Kind.Words(), choice.Epochs, choice.Direction, choice.Names, choice.Accuracy.Percent(),
            }),
        ]);
        return new ExperimentResult(claims, [table, likeliest], settings, Plot(choices));
    }

    private static OxyPlot.PlotModel Plot(Chosen[] choices)
    {
        OxyPlot.PlotModel plot = Plots.Empty("epochs of training", "share of descriptions with the right name as the likeliest");
        int look = 0;
        foreach (IGrouping<(ModelKind Kind, string Direction), Chosen> series in choices
            .GroupBy(choice => (choice.Kind, choice.Direction)))
        {
            Plots.Add(plot, $"{series.Key.Kind.Words()}, {series.Key.Direction}", look++,
                series.Select(choice => ((double)choice.Epochs, choice.Accuracy)));
        }
        return plot;
    }

    private static IEnumerable<(string Prompt, string Completion)> Read(string path)
    {
        foreach ((int number, string line) in File.ReadLines(path).Index())
            yield return Parse(line, $"{path}, line {number + 1}");
    }

    private static (string Prompt, string Completion) Parse(string line, string place)
    {
        try
        {
            using JsonDocument row = JsonDocument.Parse(line);
            return (row.RootElement.GetProperty("prompt").GetString()!, row.RootElement.GetProperty("completion").GetString()!);
        }
        catch (Exception error) when (JsonFault.Is(error))
        {
            throw new FormatException(
                $"{place}: {JsonFault.Words(error)}. Each line must be a JSON object with the texts prompt and completion.", error);
        }
    }

    private sealed record Question(string Kind, string Direction, string File, bool IsDescription);

    private sealed record Answered(
        ModelKind Kind,
        int Epochs,
        double GuidanceScale,
        string Asked,
        string Direction,
        Interval Accuracy,
        Interval? CharacterBleu,
        Interval? WordBleu);

    private sealed record Chosen(ModelKind Kind, int Epochs, string Direction, int Names, Interval Accuracy);
}
