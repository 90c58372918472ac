using System.CommandLine;
using System.Globalization;
using DocumentationDemo;
using DocumentationDemo.Baselines;
using DocumentationDemo.Corpus;
using DocumentationDemo.Steps;
using Samples.Shared;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Learning;

/// <summary>
/// What minutes of training buy: bits per byte of held-out rows, and masked tokens recovered, for several ways to train one network on one
/// text.
/// </summary>
internal static class LearningCommand
{
    private static readonly string[] Colors = ["#2563eb", "#dc2626", "#16a34a", "#9333ea", "#ea580c", "#64748b"];

    public static Subcommand Command()
    {
        var defaults = new DemoOptions();
        var text = new Option<FileInfo>("--text")
        {
            Description = "a text file, one document a line, in the place of the .NET reference documentation",
        };
        text.AcceptExistingOnly();
        var paragraphs = new Option<bool>("--paragraphs")
        {
            Description = "the documents of --text are its paragraphs, which empty lines part",
        };
        var minutes = new Option<double[]>("--minutes")
        {
            Description = "training times, each a run of its own, because the learning rate falls to the end of a run",
            AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 5],
        };
        var steps = new Option<long?>("--steps")
        {
            Description = "steps of each run in the place of --minutes: as many on a machine with other work to do",
        };
        var seeds = new Option<int[]>("--seed")
        {
            Description = "seeds of training; the split stays the same", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [1],
        };
        var ways = new Option<string[]>("--way")
        {
            Description = $"ways to train: {string.Join(", ", TrainingWay.All.Select(way => way.Name))}; several joined by + are taken "
                + "together; all of them, each alone, if left out",
            AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [.. TrainingWay.All.Select(way => way.Name)],
        };
        var cores = new Option<int>("--cores")
        {
            Description = "cores that the recipe picks a network for; how many are used is the machine's matter",
            DefaultValueFactory = _ => 2,
        };
        var figure = new Option<FileInfo>("--figure")
        {
            Description = "an SVG file for bits per byte against minutes, the mean of the seeds",
        };
        var command = new Subcommand("learning", "bits per byte of held-out text after some minutes of training, by ways to train")
        {
            text, paragraphs, minutes, steps, seeds, ways, cores, figure,
        };
        command.SetAction((result, cancellation) => Task.Run(() =>
        {
            var demo = new DemoOptions { Text = result.GetValue(text), Paragraphs = result.GetValue(paragraphs) };
            var ml = new MLContext(defaults.Seed);
            CorpusSets sets = CorpusSets.Read(ml, demo, cancellation);
            Console.WriteLine($"{sets.Source}: {sets.Rows.Count:N0} rows, {sets.HeldOut.Count:N0} of them held out");
            Console.WriteLine($"{"",-24} {"minutes",7} {"seed",5} {"steps",7} {"bits a byte",14} {"recovered",10} {"guess",6}");
            var points = new List<(string Way, double Minutes, double Bits)>();
            // The steps say how long a run is; the first of the times then sizes the recipe.
            double[] times = result.GetValue(steps) is null ? result.GetValue(minutes)! : result.GetValue(minutes)![..1];
            foreach (double time in times)
            {
                foreach (string name in result.GetValue(ways)!)
                {
                    foreach (int seed in result.GetValue(seeds)!)
                    {
                        double bits = Run(ml, sets, TrainingWay.Named(name), time, result.GetValue(cores), result.GetValue(steps), seed,
                            cancellation);
                        points.Add((name, time, bits));
                    }
                }
            }
            if (result.GetValue(figure) is { } file)
                SvgChart.Save(Figure(points), file.FullName);
        }, CancellationToken.None));
        return command;
    }

    // A line for each way, of the mean of its seeds.
    private static string Figure(IEnumerable<(string Way, double Minutes, double Bits)> points) => SvgChart.Lines(
        "minutes of training", "bits a byte of held-out text",
        [
            .. points.GroupBy(point => point.Way).Select((way, i) => new SvgChart.Series(
                way.Key, Colors[i % Colors.Length],
                [
                    .. way.GroupBy(point => point.Minutes).OrderBy(time => time.Key)
                        .Select(time => (time.Key, time.Average(point => point.Bits))),
                ])),
        ]);

    // Bits a byte, of held-out rows.
    private static double Run(
        MLContext ml, CorpusSets sets, TrainingWay way, double minutes, int cores, long? steps, int seed, CancellationToken cancellation)
    {
        TrainerOptions options = TrainStep.OptionsOf(
            new DemoOptions { Minutes = minutes, Seed = seed }, sets.Bytes, sets.Validation, cancellation, cores);
        // Bits per byte are measured at the end, and nothing is spent on validations before.
        (options.Progress, options.ValidationSet) = (null, null);
        if (steps is not null)
            (options.MaxSteps, options.Budget) = (steps, new BudgetOptions());
        way.Change(options);
        using LikelihoodScoringTransformer lm = way.IsAutoregressive
            ? ml.MaskedDiffusion().AutoregressiveTrainer(options).Fit(sets.Training)
            : ml.MaskedDiffusion().Trainer(options).Fit(sets.Training);
        MaskedDiffusionModel model = lm.Model;
        IEnumerable<string> trained = CorpusSets.RowsOf(ml, sets.Training).Select(row => row.Text);
        var unigram = new UnigramModel(model.Tokenizer.VocabularySize, trained.Select(row => model.Tokenizer.Encode(row)));
        BitsPerByteStep bits = BitsPerByteStep.Run(ml, model, unigram, [.. sets.HeldOut.Take(400)]);
        InfillStep? infill = way.IsAutoregressive ? null : InfillStep.Run(ml, model, unigram, sets.HeldOut, 100, seed);
        string score = string.Create(CultureInfo.InvariantCulture, $"{bits.Bound:F3} ± {bits.StandardError:F3}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{way.Name,-24} {lm.TrainingResult!.Seconds / 60,7:0.0} {seed,5} {lm.TrainingResult.Steps,7:N0} {score,14} "
            + $"{infill?.Recovered,10:P1} {infill?.MostFrequent,6:P1}"));
        return bits.Bound;
    }
}
