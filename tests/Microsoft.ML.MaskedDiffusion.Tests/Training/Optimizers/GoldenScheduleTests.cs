using System.Globalization;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// What the reference's scripts compute for their arguments: steps, warm-up, accumulation and learning rates, and the optimizer's settings.
/// </summary>
[TestClass]
public sealed class GoldenScheduleTests
{
    [TestMethod]
    public void EveryRunOfTheTable()
    {
        JsonProperty[] runs = [.. Golden.Json("schedules.json").EnumerateObject()];
        Assert.HasCount(27, runs);
        var rates = new Comparison("schedules", "learning rates");
        List<long> expected = [], computed = [];
        foreach (JsonProperty run in runs)
        {
            JsonElement row = run.Value;
            long Number(string name) => row.GetProperty(name).GetInt64();
            int accumulation = (int)Number("gradient_accumulation_steps");
            long steps = Number("max_step"), warmup = Number("warmup_steps");
            if (run.Name.StartsWith("pretrain/", StringComparison.Ordinal))
            {
                string[] words = run.Name.Split(' ');
                double Flag(string name, double other) =>
                    Array.IndexOf(words, name) is >= 0 and var at ? double.Parse(words[at + 1], CultureInfo.InvariantCulture) : other;
                long parameters = TransformerConfig.FromPreset($"{(int)Flag("--model", 0)}M").NonEmbeddingParameterCount;
                double length = ComputeBudget.MeanLength(2048, Flag("--ssl_ratio", 0));
                long ours = ComputeBudget.StepsForFlops(
                    Flag("--flops", 0) * 1e18, parameters, (int)Number("global_batch_size"), length) / (int)Flag("--nodes_num", 1);
                expected.AddRange(steps, warmup);
                computed.AddRange(ours, (long)LearningRateSchedule.DefaultWarmupSteps(ours));
            }
            LearningRateSchedule schedule = LearningRateSchedule.FromSteps(
                row.GetProperty("learning_rate").GetDouble(), 0.1, warmup, steps, accumulation);
            expected.AddRange(Number("warmup_iters"), Number("lr_decay_iters"), Number("max_iters"));
            computed.AddRange((long)schedule.WarmupIterations, (long)schedule.DecayIterations, steps * accumulation);
            foreach (JsonProperty rate in row.GetProperty("lr_at_iter").EnumerateObject())
                rates.Add([rate.Value.GetDouble()], [schedule.At(long.Parse(rate.Name, CultureInfo.InvariantCulture))]);
        }
        Comparison.Equal("schedules", "steps, warm-up and decay", expected, computed);
        // Both sides are double: a few units in the last place of the peak.
        rates.Check(5e-19);
    }

    [TestMethod]
    public void OurDefaultsAreTheScriptsOptimizerSettings()
    {
        var ours = new TrainingSettings();
        double[] settings = [ours.WeightDecay, ours.Beta1, ours.Beta2, ours.GradientClipNorm, ours.MinLearningRateRatio];
        foreach (JsonProperty run in Golden.Json("schedules.json").EnumerateObject())
        {
            double Number(string name) => run.Value.GetProperty(name).GetDouble();
            Comparison.Equal("schedules", "optimizer settings",
                [Number("weight_decay"), Number("beta1"), Number("beta2"), Number("grad_clip"), Number("min_lr") / Number("learning_rate")],
                settings);
        }
        // As the traces record it for every run.
        foreach (string trace in new[] { "train5_exact", "train5_short", "train5_accum2", "train5_ssl", "train5_arm" })
        {
            JsonElement adam = Golden.Json("rope_bf16", "index.json").GetProperty(trace).GetProperty("adam");
            Assert.AreEqual(TrainingSettings.Epsilon, adam.GetProperty("eps").GetDouble());
            Assert.AreEqual("every parameter", adam.GetProperty("decay_on").GetString());
            Assert.IsTrue(ours.DecayNormGains);
        }
    }
}
