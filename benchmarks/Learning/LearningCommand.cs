using System.CommandLine;
using System.Globalization;
using DocumentationDemo;
using DocumentationDemo.Baselines;
using DocumentationDemo.Corpus;
using DocumentationDemo.Steps;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Learning;

/// <summary>
/// What minutes of training buy: bits per byte of held-out rows, and masked tokens recovered, for several ways to train one network on one
/// text.
/// </summary>
internal static class LearningCommand
{
    public static Subcommand Command()
    {
        var defaults = new DemoOptions();
        var text = new Option<FileInfo>("--text")
        {
            Description = "a text file, one document a line, in the place of the .NET reference documentation",
        };
        text.AcceptExistingOnly();
        var minutes = new Option<double[]>("--minutes")
        {
            Description = "training times, each a run of its own, because the learning rate falls to the end of a run",
            AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 5],
        };
        var steps = new Option<long?>("--steps")
        {
            Description = "steps of each run in the place of --minutes: equal ones on a machine with other work to do",
        };
        var seeds = new Option<int[]>("--seed")
        {
            Description = "seeds of training; the split stays the same", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [1],
        };
        var ways = new Option<string[]>("--way")
        {
            Description = $"ways to train: {string.Join(", ", TrainingWay.All.Select(way => way.Name))}; all of them if left out",
            AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [.. TrainingWay.All.Select(way => way.Name)],
        };
        var command = new Subcommand("learning", "bits per byte of held-out text after some minutes of training, by ways to train")
        {
            text, minutes, steps, seeds, ways,
        };
        command.SetAction((result, cancellation) => Task.Run(() =>
        {
            var demo = new DemoOptions { Text = result.GetValue(text) };
            var ml = new MLContext(defaults.Seed);
            CorpusSets sets = CorpusSets.Read(ml, demo, cancellation);
            Console.WriteLine($"{sets.Source}: {sets.Rows.Count:N0} rows, {sets.HeldOut.Count:N0} of them held out");
            Console.WriteLine($"{"",-24} {"minutes",7} {"seed",5} {"steps",7} {"bits a byte",14} {"recovered",10} {"guess",6}");
            foreach (double time in result.GetValue(minutes)!)
            {
                foreach (string name in result.GetValue(ways)!)
                {
                    foreach (int seed in result.GetValue(seeds)!)
                        Run(ml, sets, TrainingWay.Named(name), time, result.GetValue(steps), seed, cancellation);
                }
            }
        }, CancellationToken.None));
        return command;
    }

    private static void Run(
        MLContext ml, CorpusSets sets, TrainingWay way, double minutes, long? steps, int seed, CancellationToken cancellation)
    {
        TrainerOptions options = TrainStep.OptionsOf(new DemoOptions { Minutes = minutes, Seed = seed }, sets.Validation, cancellation);
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
    }
}
