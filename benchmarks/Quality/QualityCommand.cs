using System.CommandLine;
using System.Globalization;
using DocumentationDemo;
using DocumentationDemo.Corpus;
using Samples.Shared;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Quality;

/// <summary>
/// Quality beside speed of every sampler and every cache: a model as the demo trained it earlier writes on after beginnings of held-out
/// rows, and an autoregressive model of equal size and training judges the texts.
/// </summary>
internal static class QualityCommand
{
    // A share of repeated 4-grams this near to held-out text's own counts as no looping.
    private const double Tolerance = 0.1;

    public static Subcommand Command()
    {
        var defaults = new DemoOptions();
        var text = new Option<FileInfo>("--text")
        {
            Description = "documents in the place of the .NET reference documentation: a text file, one a line, or a .jsonl file",
        };
        text.AcceptExistingOnly();
        var field = new Option<string>("--field")
        {
            Description = "the field of a .jsonl file", DefaultValueFactory = _ => defaults.Field,
        };
        var model = new Option<string>("--model")
        {
            Description = "the masked diffusion model; where there is none, one is trained as the demo's was before TrainingRecipes.Fast, "
                + "and saved here as .mdm or a folder", Required = true,
        };
        var autoregressive = new Option<string>("--autoregressive")
        {
            Description = "the autoregressive model that judges; where there is none, it is trained on the same text, for the same time, "
                + "with the tokenizer of --model, and saved here",
            Required = true,
        };
        var minutes = new Option<double>("--minutes")
        {
            Description = "training time of each model", DefaultValueFactory = _ => defaults.Minutes,
        };
        var steps = new Option<long?>("--steps")
        {
            Description = "steps of each training, in the place of --minutes: equal ones on a machine with other work to do",
        };
        var warmStart = new Option<double?>("--warm-start")
        {
            Description = "the share of the masked model's training as an autoregressive model; a third if left out",
        };
        var context = new Option<int>("--context")
        {
            Description = "context of the trainings in tokens; rows of the text are packed into it", DefaultValueFactory = _ => 48,
        };
        var texts = new Option<int>("--texts") { Description = "texts of each sampler", DefaultValueFactory = _ => 256 };
        var promptTokens = new Option<int>("--prompt-tokens")
        {
            Description = "tokens of a held-out row to begin with, the beginning of the text among them",
            DefaultValueFactory = _ => 8,
        };
        var full = new Option<bool>("--full")
        {
            Description = "no text may end before the context is full, and only held-out rows of that length are taken; by default texts "
                + "end where the model ends them",
        };
        var block = new Option<int>("--block") { Description = "tokens of a block", DefaultValueFactory = _ => 8 };
        var only = new Option<string?>("--only") { Description = "measure only the samplers whose name or family has this in it" };
        var show = new Option<int>("--show") { Description = "texts of each sampler to print" };
        var svg = new Option<string?>("--svg") { Description = "where to draw quality over speed" };
        var heldOut = new Option<string?>("--save-held-out") { Description = "where to save the held-out rows, one a line" };
        var seed = new Option<int>("--seed")
        {
            Description = "seed of split and trainings; models must be judged with the seed that they were trained with",
            DefaultValueFactory = _ => defaults.Seed,
        };
        var command = new Subcommand("quality",
            "quality beside speed of every sampler and cache: texts after the first tokens of held-out rows, to the end of the model's "
            + "context. Loss: nats a token under the autoregressive model, the end of a text among the tokens. The other figures are of "
            + "the tokens before the end: the entropy of a text's token frequencies, averaged; the share of 4-grams that repeat an earlier "
            + "one of the same text; distinct 4-grams of all texts over all 4-grams. A low loss with a low entropy is no quality.")
        {
            text, field, model, autoregressive, minutes, steps, warmStart, context, texts, promptTokens, full, block, only, show, svg,
            heldOut, seed,
        };
        command.SetAction((result, cancellation) => Task.Run(() =>
        {
            FileInfo? given = result.GetValue(text);
            bool isJson = given?.Name.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) == true;
            var demo = new DemoOptions
            {
                Text = isJson ? null : given, JsonLines = isJson ? given : null, Field = result.GetValue(field)!,
                Minutes = result.GetValue(minutes), Seed = result.GetValue(seed),
            };
            var ml = new MLContext(demo.Seed);
            var sets = CorpusSets.Read(ml, demo, cancellation);
            if (result.GetValue(heldOut) is { } path)
                File.WriteAllLines(path, sets.HeldOut.Select(row => row.Text));
            using var models = QualityModels.Open(
                ml, sets, demo, result.GetValue(steps), result.GetValue(warmStart), result.GetValue(context), result.GetValue(model)!,
                result.GetValue(autoregressive)!, cancellation);
            var task = new QualityTask(
                models, sets.HeldOut, result.GetValue(texts), result.GetValue(promptTokens), result.GetValue(full));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{sets.Source}: {sets.HeldOut.Count:N0} held-out rows; {task.Held.Length} texts after {task.Prompts[0].Length} tokens "
                + $"of them, up to {task.NewTokens} new tokens, vocabulary {models.Masked.Config.VocabularySize}, "
                + $"{models.Masked.Config.NonEmbeddingParameterCount:N0} parameters outside embeddings, {models.Masked.Device}"));
            QualityFigures[] figures = Measure(
                task, result.GetValue(block), result.GetValue(only) ?? "", result.GetValue(show), cancellation);
            if (result.GetValue(only) is null)
                new CacheExactness(models.Masked, task, result.GetValue(block)).Print(cancellation);
            if (result.GetValue(svg) is { } picture)
                SvgChart.Save(QualityChart.Draw(figures[1..], figures[0]), picture);
        }, CancellationToken.None));
        return command;
    }

    // Held-out text first, then a row a sampler.
    private static QualityFigures[] Measure(QualityTask task, int block, string only, int show, CancellationToken cancellation)
    {
        Console.WriteLine();
        Console.WriteLine($"{"",-28} {"nats a token",15} {"perplexity",10} {"entropy",15} {"pooled",6} {"repeated 4-grams",16} "
            + $"{"distinct",8} {"ended",12} {"length",12} {"end share",9} {"tokens/s",8} {"rows",5}");
        QualityFigures held = task.OfHeld();
        List<QualityFigures> all = [held];
        Print(held);
        Show(held);
        string family = "";
        IEnumerable<QualitySampler> samplers = QualitySampler.All(task.NewTokens, block).Concat(QualitySampler.OfAutoregressive());
        foreach (QualitySampler sampler in samplers.Where(sampler => IsAsked(sampler, only)))
        {
            cancellation.ThrowIfCancellationRequested();
            if (sampler.Family != family)
                Console.WriteLine($"{family = sampler.Family}:");
            all.Add(task.Measure(sampler));
            Print(all[^1]);
            Show(all[^1]);
        }
        if (all.Find(figures => figures.Name == QualitySampler.Default) is { } chosen)
            Compare(chosen, held);
        return [.. all];

        void Show(QualityFigures figures)
        {
            foreach (ContinuedText text in figures.Texts.Take(show))
                Console.WriteLine($"    {task.Show(text)}");
        }
    }

    private static bool IsAsked(QualitySampler sampler, string only) =>
        $"{sampler.Family}: {sampler.Name}".Contains(only, StringComparison.OrdinalIgnoreCase);

    private static void Print(QualityFigures figures) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{figures.Name,-28} {figures.Loss,15} {Math.Exp(figures.Loss.Value),10:F1} {figures.Entropy,15} {figures.PooledEntropy,6:F3} "
        + $"{Percent(figures.Repeated, 2),16} {figures.Distinct,8:F3} {Percent(figures.Ended, 1),12} "
        + $"{$"{figures.Length.Value:F1} ± {figures.Length.Error:F1}",12} {figures.EndShare.Value,9:P2} "
        + $"{figures.TokensPerSecond,8:F0} {figures.RowsPerText,5:F1}"));

    private static void Compare(QualityFigures chosen, QualityFigures held)
    {
        Measured own = chosen.Repeated, real = held.Repeated;
        double ratio = own.Value / real.Value;
        double error = Math.Sqrt(own.Error * own.Error + ratio * ratio * real.Error * real.Error) / real.Value;
        string verdict = Math.Abs(ratio - 1) <= Tolerance ? "the same within" : ratio < 1 ? "less, by more than" : "more, by more than";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"repeated 4-grams of the default over held-out text's: {ratio:F2} ± {error:F2}, {verdict} {Tolerance:P0}"));
    }

    private static string Percent(Measured share, int digits) => string.Create(CultureInfo.InvariantCulture,
        $"{(100 * share.Value).ToString($"F{digits}", CultureInfo.InvariantCulture)} ± "
        + $"{(100 * share.Error).ToString($"F{digits}", CultureInfo.InvariantCulture)} %");
}
