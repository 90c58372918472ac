using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class ConsoleTrainingProgressTests
{
    private static readonly TrainingProgress Step = new()
    {
        Phase = TrainingPhase.Training,
        Step = 250,
        MaxSteps = 1000,
        Loss = 3.14159,
        ValidationLoss = 3.5,
        ValidationStandardError = 0.0213,
        LearningRate = 1e-3,
        TokensPerSecond = 6543.2,
        Remaining = TimeSpan.FromSeconds(65),
    };

    [TestMethod]
    public void AReportIsOneLineThatNamesItsUnits()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        var other = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (other.NumberFormat.NumberDecimalSeparator, other.NumberFormat.NumberGroupSeparator) = (",", ".");
        CultureInfo.CurrentCulture = other;
        try
        {
            Assert.AreEqual(
                "step 250 of 1,000 (25 %), loss 3.142, validation 3.500 ± 0.021, learning rate 1.0e-3, 6,543 tokens/s, 1:05 left",
                ConsoleTrainingProgress.Describe(Step));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
        Assert.AreEqual("tokenizing: 12 documents, 3,400 tokens",
            ConsoleTrainingProgress.Describe(new() { Phase = TrainingPhase.Tokenizing, Documents = 12, Tokens = 3400 }));
        Assert.AreEqual("training the tokenizer: 12 documents, 5 of 40 merges",
            ConsoleTrainingProgress.Describe(new() { Phase = TrainingPhase.TrainingTokenizer, Documents = 12, Step = 5, MaxSteps = 40 }));
    }

    [TestMethod]
    public void AFileGetsALineEveryTenSecondsAndEveryMilestone()
    {
        var clock = new FakeClock();
        var output = new StringWriter();
        var progress = new ConsoleTrainingProgress(output, rewrites: false, TimeSpan.FromSeconds(10), clock);

        progress.Report(Step with { Phase = TrainingPhase.Packing, Documents = 3 });
        progress.Report(Step);
        progress.Report(Step with { Step = 251 });
        clock.Advance(11);
        progress.Report(Step with { Step = 300 });
        progress.Report(Step with { Step = 301, Phase = TrainingPhase.Validating });

        string[] lines = output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.HasCount(4, lines);
        StringAssert.StartsWith(lines[0], "packed: 3 documents");
        StringAssert.StartsWith(lines[1], "step 250");
        StringAssert.StartsWith(lines[2], "step 300");
        StringAssert.StartsWith(lines[3], "step 301");
    }

    [TestMethod]
    public void ATerminalGetsOneLineThatIsWrittenOverAndNothingOfALongerOneStays()
    {
        var output = new StringWriter();
        var progress = new ConsoleTrainingProgress(output, rewrites: true, TimeSpan.FromSeconds(10), TimeProvider.System);

        progress.Report(Step);
        progress.Report(Step with { ValidationLoss = null });

        string[] written = output.ToString().Split('\r', StringSplitOptions.RemoveEmptyEntries);
        Assert.HasCount(2, written);
        Assert.AreEqual(written[0].Length, written[1].Length, "the shorter text covers the longer one");
        Assert.IsFalse(output.ToString().Contains('\n'));
    }

    [TestMethod]
    public void PercentIsKnownWhereTheEndIs()
    {
        Assert.AreEqual(25.0, Step.Percent);
        Assert.IsNull(new TrainingProgress { Phase = TrainingPhase.Tokenizing, Tokens = 7 }.Percent);
        Assert.AreEqual(100.0, (Step with { Step = 1001 }).Percent, "a run may take a step more than was estimated");
        Assert.AreEqual(50.0, new ScoringProgress(5, 10).Percent);
        Assert.IsNull(new ScoringProgress(5, null).Percent);
    }

    [TestMethod]
    public void BadArgumentsAreRefused()
    {
        Assert.ThrowsExactly<ArgumentNullException>(() => new ConsoleTrainingProgress(null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => new ConsoleTrainingProgress().Report(null!));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ConsoleTrainingProgress(new StringWriter(), TimeSpan.FromSeconds(-1)));
    }
}
