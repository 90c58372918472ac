using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TrainingPlanTests
{
    /// <summary>Runs a plan whose steps take the given seconds; gives the learning rate of each.</summary>
    private static List<double> Run(TrainingSettings settings, Func<int, double> secondsOfStep)
    {
        var fake = new FakeClock();
        var clock = new TrainingClock(fake);
        var plan = new TrainingPlan(settings);
        var rates = new List<double>();
        while (!plan.IsOver(rates.Count, clock))
        {
            rates.Add(plan.LearningRate(rates.Count, clock));
            fake.Advance(secondsOfStep(rates.Count));
        }
        return rates;
    }

    [TestMethod]
    public void WithoutAClockTheScheduleIsThePublishedOne()
    {
        List<double> rates = Run(new TrainingSettings { MaxSteps = 300, WarmupSteps = 20, LearningRate = 2e-4 }, _ => 1);
        LearningRateSchedule schedule = LearningRateSchedule.FromSteps(2e-4, 0.1, 20, 300, 1);
        CollectionAssert.AreEqual(Enumerable.Range(0, 300).Select(step => schedule.AtStep(step, 1)).ToList(), rates);
    }

    [TestMethod]
    public void ATimeBudgetEndsWithTheTimeAndTheFloor()
    {
        List<double> rates = Run(new TrainingSettings { MaxSeconds = 100, LearningRate = 1e-3 }, _ => 0.05);
        // 2,000 steps fit; the next would begin when the time is over.
        Assert.AreEqual(2000, rates.Count, 2);
        Assert.AreEqual(1e-4, rates[^1], 1e-6);
        LearningRateSchedule known = LearningRateSchedule.FromSteps(1e-3, 0.1, 100, 2000, 1);
        for (int step = 1; step < rates.Count; step++)
            Assert.AreEqual(known.AtStep(step, 1), rates[step], 2e-6, $"step {step}");
    }

    [TestMethod]
    public void ATimeBudgetFollowsAMachineThatSlowsDown()
    {
        List<double> rates = Run(new TrainingSettings { MaxSeconds = 100 }, step => step < 500 ? 0.1 : 0.4);
        Assert.AreEqual(500 + 125, rates.Count, 3);
        Assert.AreEqual(1e-4, rates[^1], 1e-5);
        Assert.AreEqual(0, rates[0]);
    }

    [TestMethod]
    public void OfTimeAndStepsTheFirstToEndDecides()
    {
        Assert.HasCount(50, Run(new TrainingSettings { MaxSeconds = 100, MaxSteps = 50 }, _ => 1));
        Assert.AreEqual(100, Run(new TrainingSettings { MaxSeconds = 100, MaxSteps = 500 }, _ => 1).Count, 1);
    }

    [TestMethod]
    public void OneStepIsAlwaysTaken() => Assert.HasCount(1, Run(new TrainingSettings { MaxSeconds = 1 }, _ => 60));
}
