using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Training;

namespace Microsoft.ML.MaskedDiffusion.Tests.Training;

[TestClass]
public sealed class LearningRateScheduleTests
{
    // Rows of the reference scripts' own schedules: (preset, FLOPs / 1e18, accumulation, steps, warm-up steps, iteration, learning rate).
    [TestMethod]
    [DataRow("6M", 1.0, 1, 50500, 505, 0, 0.0)]
    [DataRow("6M", 1.0, 1, 50500, 505, 1, 3.9603960396039606e-07)]
    [DataRow("6M", 1.0, 1, 50500, 505, 504, 0.0001996039603960396)]
    [DataRow("6M", 1.0, 1, 50500, 505, 505, 0.0002)]
    [DataRow("6M", 1.0, 1, 50500, 505, 506, 0.00019999999982231158)]
    [DataRow("6M", 1.0, 1, 50500, 505, 25250, 0.00011142793674513272)]
    [DataRow("6M", 1.0, 1, 50500, 505, 50499, 2.0000000177688415e-05)]
    [DataRow("6M", 1.0, 1, 50500, 505, 50500, 2e-05)]
    [DataRow("19M", 1.0, 1, 16836, 168, 8418, 0.0001114248529064645)]
    [DataRow("113M", 10.0, 4, 28066, 280, 1121, 0.0001999999999640466)]
    [DataRow("113M", 10.0, 4, 28066, 280, 56132, 0.00011142454525500907)]
    [DataRow("170M", 10.0, 4, 18710, 187, 37420, 0.00011142716591048797)]
    [DataRow("170M", 100.0, 4, 187107, 1871, 748427, 2.0000000000808986e-05)]
    public void FollowsThePublishedTable(string preset, double flops, int accumulation, int steps, int warmup, int iteration, double expected)
    {
        long parameters = TransformerConfig.FromPreset(preset).NonEmbeddingParameterCount;
        Assert.AreEqual(steps, ComputeBudget.StepsForFlops(flops * 1e18, parameters, 256, 2048));
        Assert.AreEqual(warmup, LearningRateSchedule.PublishedWarmupSteps(steps));
        LearningRateSchedule schedule = LearningRateSchedule.FromSteps(2e-4, 0.1, warmup, steps, accumulation);
        Assert.AreEqual(expected, schedule.At(iteration), 1e-15 * 2e-4 + 4e-16 * expected);
    }

    [TestMethod]
    public void FollowsEveryScheduleOfTheReference()
    {
        using JsonDocument table = JsonDocument.Parse(File.ReadAllText(Path.Combine(Golden.RequireFolder(), "schedules.json")));
        int compared = 0;
        foreach (JsonProperty run in table.RootElement.EnumerateObject())
        {
            JsonElement row = run.Value;
            int accumulation = row.GetProperty("gradient_accumulation_steps").GetInt32();
            long steps = row.GetProperty("max_step").GetInt64(), warmup = row.GetProperty("warmup_iters").GetInt64() / accumulation;
            if (run.Name.StartsWith("pretrain/", StringComparison.Ordinal))
            {
                string[] words = run.Name.Split(' ');
                double Flag(string name) => double.Parse(words[Array.IndexOf(words, name) + 1], System.Globalization.CultureInfo.InvariantCulture);
                double ratio = words.Contains("--ssl_ratio") ? Flag("--ssl_ratio") : 0;
                long parameters = TransformerConfig.FromPreset($"{(int)Flag("--model")}M").NonEmbeddingParameterCount;
                long computed = ComputeBudget.StepsForFlops(Flag("--flops") * 1e18, parameters, row.GetProperty("global_batch_size").GetInt32(),
                    ComputeBudget.MeanLength(2048, ratio), (int)Flag("--nodes_num"));
                Assert.AreEqual(steps, computed, run.Name);
                Assert.AreEqual(warmup, LearningRateSchedule.PublishedWarmupSteps(steps), run.Name);
            }
            LearningRateSchedule schedule = LearningRateSchedule.FromSteps(2e-4, 0.1, warmup, steps, accumulation);
            foreach (JsonProperty rate in row.GetProperty("lr_at_iter").EnumerateObject())
            {
                // Both sides are double: a few units in the last place of the peak.
                Assert.AreEqual(rate.Value.GetDouble(), schedule.At(long.Parse(rate.Name, System.Globalization.CultureInfo.InvariantCulture)), 1e-18, $"{run.Name} at {rate.Name}");
                compared++;
            }
        }
        Assert.IsGreaterThan(100, compared);
    }

    [TestMethod]
    public void AStepUsesTheRateOfItsLastMicroBatch()
    {
        LearningRateSchedule schedule = LearningRateSchedule.FromSteps(1, 0.1, 5, 50, accumulation: 4);
        for (long step = 0; step < 50; step++)
            Assert.AreEqual(schedule.At(4 * step + 3), schedule.AtStep(step, 4));
    }

    [TestMethod]
    public void RisesThenFallsAndStaysAtTheFloor()
    {
        LearningRateSchedule schedule = LearningRateSchedule.FromSteps(3e-3, 0.05, 30, 200, accumulation: 1);
        for (int i = 0; i < 30; i++)
            Assert.IsLessThan(schedule.At(i + 1), schedule.At(i));
        for (int i = 30; i < 200; i++)
            Assert.IsGreaterThan(schedule.At(i + 1), schedule.At(i));
        Assert.AreEqual(3e-3 * 0.05, schedule.At(1000), 1e-18);
    }

    [TestMethod]
    public void WithoutWarmupStartsAtThePeak() => Assert.AreEqual(0.5, LearningRateSchedule.FromSteps(0.5, 0, 0, 10, 1).At(0), 1e-15);

    [TestMethod]
    public void ARunThatIsAllWarmupEndsAtThePeak() => Assert.AreEqual(0.5, LearningRateSchedule.FromSteps(0.5, 0, 10, 10, 1).At(10), 1e-15);

    [TestMethod]
    [DataRow(5, 0)]
    [DataRow(200, 20)]
    [DataRow(1000, 100)]
    [DataRow(5000, 100)]
    [DataRow(50500, 505)]
    public void ShortRunsWarmUpForATenth(int steps, int expected) => Assert.AreEqual(expected, LearningRateSchedule.DefaultWarmupSteps(steps));
}
