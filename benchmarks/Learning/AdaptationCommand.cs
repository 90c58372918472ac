using System.CommandLine;
using System.Globalization;
using DocumentationDemo;
using DocumentationDemo.Baselines;
using DocumentationDemo.Corpus;
using DocumentationDemo.Steps;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Learning;

/// <summary>
/// What an autoregressive model is worth as the beginning of a masked diffusion model: bits per byte of held-out rows after some steps of
/// adaptation, by ways to adapt it, beside as many steps from random weights.
/// </summary>
internal static class AdaptationCommand
{
    private static readonly Way[] Ways =
    [
        new("from random weights", IsAdapted: false, _ => { }),
        new("shifted", IsAdapted: true, _ => { }),
        new("shifted, annealed over the first half", IsAdapted: true, options => options.AttentionAnnealing = 0.5),
        new("shifted, annealed over the whole run", IsAdapted: true, options => options.AttentionAnnealing = 1),
        new("not shifted", IsAdapted: true, options => options.Adaptation.ShiftsLogits = false),
        new("not shifted, annealed over the first half", IsAdapted: true,
            options => (options.Adaptation.ShiftsLogits, options.AttentionAnnealing) = (false, 0.5)),
        new("shifted, blocks of 12", IsAdapted: true, options => options.Adaptation.AttentionBlockSize = 12),
        new("shifted, blocks of 4", IsAdapted: true, options => options.Adaptation.AttentionBlockSize = 4),
    ];

    public static Subcommand Command()
    {
        var start = new Option<long>("--start-steps")
        {
            Description = "steps of the autoregressive model", DefaultValueFactory = _ => 1000,
        };
        var steps = new Option<long[]>("--steps")
        {
            Description = "steps of adaptation, each number a run of its own", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [50, 200, 800],
        };
        var seed = new Option<int>("--seed") { Description = "the seed of all trainings", DefaultValueFactory = _ => 1 };
        var command = new Subcommand("adaptation", "bits per byte of a masked diffusion model made of an autoregressive one, by ways")
        {
            start, steps, seed,
        };
        command.SetAction((result, cancellation) => Task.Run(() =>
        {
            var ml = new MLContext(result.GetValue(seed));
            CorpusSets sets = CorpusSets.Read(ml, new DemoOptions(), cancellation);
            Console.WriteLine($"{sets.Source}: {sets.Rows.Count:N0} rows, {sets.HeldOut.Count:N0} of them held out");
            TrainerOptions options = Options(sets, result.GetValue(start), result.GetValue(seed), cancellation);
            using LikelihoodScoringTransformer causal = ml.MaskedDiffusion().AutoregressiveTrainer(options).Fit(sets.Training);
            string[] trained = [.. CorpusSets.RowsOf(ml, sets.Training).Select(row => row.Text)];
            var unigram = new UnigramModel(
                causal.Model.Tokenizer.VocabularySize, trained.Select(row => causal.Model.Tokenizer.Encode(row)));
            Report("autoregressive", result.GetValue(start), causal);
            foreach (Way way in Ways)
            {
                foreach (long count in result.GetValue(steps)!)
                {
                    TrainerOptions own = Options(sets, count, result.GetValue(seed), cancellation);
                    own.Noise = new NoiseOptions { LossWeighting = LossWeighting.Uniform, Levels = NoiseLevels.Stratified };
                    if (way.IsAdapted)
                        own.InitialModel = causal.Model;
                    own.Network = causal.Model.Config with { Autoregressive = way.IsAdapted };
                    own.Tokenizer = TokenizerSource.FromTokenizer(causal.Model.Tokenizer);
                    way.Change(own);
                    using LikelihoodScoringTransformer adapted = ml.MaskedDiffusion().Trainer(own).Fit(sets.Training);
                    Report(way.Name, count, adapted);
                }
            }

            void Report(string name, long count, LikelihoodScoringTransformer lm)
            {
                BitsPerByteStep bits = BitsPerByteStep.Run(ml, lm.Model, unigram, [.. sets.HeldOut.Take(400)]);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{name,-42} {count,6:N0} steps {bits.Bound,7:F3} ± {bits.StandardError:F3} bits a byte"));
            }
        }, CancellationToken.None));
        return command;
    }

    // The recipe for five minutes, with steps as the budget and from its beginning a model of one kind.
    private static TrainerOptions Options(CorpusSets sets, long steps, int seed, CancellationToken cancellation)
    {
        TrainerOptions options = TrainStep.OptionsOf(
            new DemoOptions { Minutes = 5, Seed = seed }, sets.Bytes, sets.Validation, cancellation, cores: 2);
        (options.Progress, options.ValidationSet, options.WarmStart, options.Noise) = (null, null, 0, new NoiseOptions());
        (options.MaxSteps, options.Budget) = (steps, new BudgetOptions());
        return options;
    }

    /// <summary>A way to a masked diffusion model.</summary>
    /// <param name="Name">What the table calls it.</param>
    /// <param name="IsAdapted">Whether it begins with the autoregressive model.</param>
    /// <param name="Change">What it changes of the options.</param>
    private sealed record Way(string Name, bool IsAdapted, Action<TrainerOptions> Change);
}
