using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class ConsoleProgressTests
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
                "250 of 1,000 steps (25 %), training loss 3.142, validation loss 3.500 ± 0.021, 0:01:05 left, 6,543 tokens/s, "
                + "learning rate 1.0e-3",
                ConsoleProgress.Describe(Step));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
        Assert.AreEqual("turning text into tokens: 12 of 48 documents (25 %), 3,400 tokens",
            ConsoleProgress.Describe(new() { Phase = TrainingPhase.Tokenizing, Completed = 12, Total = 48, Tokens = 3400 }));
        Assert.AreEqual("turning text into tokens: 12 documents, 3,400 tokens",
            ConsoleProgress.Describe(new() { Phase = TrainingPhase.Tokenizing, Completed = 12, Tokens = 3400 }));
        Assert.AreEqual("reading text for the tokenizer: 12 documents",
            ConsoleProgress.Describe(new() { Phase = TrainingPhase.TrainingTokenizer, Documents = 12, Total = 40 }));
        Assert.AreEqual("learning the tokenizer: 10 of 40 byte pairs (25 %)",
            ConsoleProgress.Describe(new() { Phase = TrainingPhase.TrainingTokenizer, Documents = 12, Completed = 10, Total = 40 }));
        Assert.AreEqual("the text is ready: 3 documents, 50 tokens",
            ConsoleProgress.Describe(new() { Phase = TrainingPhase.Packing, Documents = 3, Tokens = 50 }));
    }

    [TestMethod]
    public void LossesThatDoNotCompareAreNamed() =>
        StringAssert.StartsWith(ConsoleProgress.Describe(Step with { LossRemark = "uniform weights", MaxSteps = null, Remaining = null }),
            "250 steps, training loss 3.142 (uniform weights), validation loss 3.500 ± 0.021 (bound), 6,543 tokens/s");

    [TestMethod]
    public void AFileGetsALineEveryTenSecondsAndEveryMilestone()
    {
        var clock = new FakeClock();
        var output = new StringWriter();
        var progress = new ConsoleProgress(output, width: null, TimeSpan.FromSeconds(10), clock);

        progress.Report(Step with { Phase = TrainingPhase.Packing, Documents = 3 });
        progress.Report(Step);
        progress.Report(Step with { Step = 251 });
        clock.Advance(11);
        progress.Report(Step with { Step = 300 });
        progress.Report(Step with { Step = 301, Phase = TrainingPhase.Validating });

        string[] lines = output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.HasCount(4, lines);
        StringAssert.StartsWith(lines[0], "the text is ready: 3 documents");
        StringAssert.StartsWith(lines[1], "250 of");
        StringAssert.StartsWith(lines[2], "300 of");
        StringAssert.StartsWith(lines[3], "301 of");
    }

    [TestMethod]
    public void ATerminalGetsOneLineThatIsWrittenOverAndNothingOfALongerOneStays()
    {
        var output = new StringWriter();
        var progress = new ConsoleProgress(output, width: () => 0, TimeSpan.FromSeconds(10), TimeProvider.System);

        progress.Report(Step);
        progress.Report(Step with { ValidationLoss = null });

        string[] written = output.ToString().Split('\r', StringSplitOptions.RemoveEmptyEntries);
        Assert.HasCount(2, written);
        Assert.AreEqual(written[0].Length, written[1].Length, "the shorter text covers the longer one");
        Assert.IsFalse(output.ToString().Contains('\n'));
    }

    [TestMethod]
    public void ALineNeverReachesTheTerminalsLastColumn()
    {
        var output = new StringWriter();
        int width = 80;
        var progress = new ConsoleProgress(output, () => width, TimeSpan.FromSeconds(10), TimeProvider.System);
        progress.Report(Step);
        width = 40;
        progress.Report(Step);
        int[] lengths = [.. output.ToString().Split('\r', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Length)];
        CollectionAssert.AreEqual(new[] { 79, 39 }, lengths);
    }

    [TestMethod]
    public void WhatIsCompleteStaysOnATerminalAndItsLineEnds()
    {
        var output = new StringWriter();
        var progress = new ConsoleProgress(output, () => 200, TimeSpan.FromSeconds(10), TimeProvider.System);
        static TrainingProgress At(long step) => Step with { Step = step, Completed = step, Total = 1000 };

        progress.Report(At(500));
        progress.Report(At(500) with { Phase = TrainingPhase.Validating });
        progress.Report(At(600));
        progress.Report(At(1000));
        progress.Report(new ScoringProgress(64, 128));
        progress.Report(new ScoringProgress(128, 128));
        progress.Report(new ZeroShotProgress("piqa", 64, 100, TimeSpan.Zero, 0.75));
        progress.Dispose();
        progress.Dispose();

        string[] lines = output.ToString().Split(Environment.NewLine);
        CollectionAssert.AreEqual(
            new[] { "500 of 1,000 steps", "500 of 1,000 steps", "1,000 of 1,000 steps", "scoring: 128 of 128 rows (100 %)",
                "piqa: 64 of 100 questions (64 %), 75.0 % right so far", "" },
            lines.Select(line => line.Split('\r')[^1].TrimEnd())
            .Select(line => line.Contains("steps") ? line[..(line.IndexOf("steps") + 5)] : line)
                .ToArray());
    }

    [TestMethod]
    public void AFileGetsTheEndOfAPassWhateverTheTime()
    {
        var output = new StringWriter();
        var progress = new ConsoleProgress(output, TimeSpan.FromHours(1));
        foreach (int rows in new[] { 1, 2, 3 })
            progress.Report(new ScoringProgress(rows, 3));
        progress.Report(new ScoringProgress(1, 1));
        Assert.AreEqual($"scoring: 1 of 3 rows (33 %){Environment.NewLine}scoring: 3 of 3 rows (100 %){Environment.NewLine}"
            + $"scoring: 1 of 1 row (100 %){Environment.NewLine}", output.ToString());
    }

    [TestMethod]
    public void PercentIsKnownWhereTheEndIs()
    {
        Assert.AreEqual(25.0, new TrainingProgress { Completed = 250, Total = 1000 }.Percent);
        Assert.IsNull(new TrainingProgress { Phase = TrainingPhase.Tokenizing, Completed = 7 }.Percent);
        Assert.AreEqual(100.0, new TrainingProgress { Completed = 1001, Total = 1000 }.Percent,
            "a run may take a step more than was estimated");
        Assert.AreEqual(25.0, new ZeroShotProgress("piqa", 1, 4, TimeSpan.Zero, 1).Percent);
        Assert.AreEqual(50.0, new ScoringProgress(5, 10).Percent);
        Assert.IsNull(new ScoringProgress(5, null).Percent);
    }

    [TestMethod]
    public void ASearchPrintsItsTrainingsAndWhatItMeasured()
    {
        var output = new StringWriter();
        var progress = new ConsoleProgress(output, TimeSpan.FromHours(1));
        void Report(TrainingProgress? training, double? metric, double? best) =>
            progress.Report(new SearchProgress(4, 1, 5, 9, training, metric, best, "bits per byte"));
        Report(new TrainingProgress { Phase = TrainingPhase.Training, Step = 10, MaxSteps = 100 }, null, null);
        Report(new TrainingProgress { Phase = TrainingPhase.Training, Step = 20, MaxSteps = 100 }, null, null);
        Report(null, 1.5, null);
        Report(null, double.NaN, 1.25);
        string[] lines = output.ToString().TrimEnd().Split(Environment.NewLine);
        Assert.HasCount(3, lines, "the second report comes too soon");
        StringAssert.StartsWith(lines[0], "trial 4, rung 1 (5 of 9 trials begun): 10 of 100 steps (10 %)");
        Assert.AreEqual("trial 4, rung 1 (5 of 9 trials begun): bits per byte 1.5000", lines[1]);
        Assert.AreEqual("trial 4, rung 1 (5 of 9 trials begun): bits per byte NaN, best so far 1.2500", lines[2]);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void WorkGoesOnWhereNothingCanBeWritten(bool isTerminal)
    {
        var progress = new ConsoleProgress(new FullWriter(), isTerminal ? () => 80 : null, TimeSpan.Zero, TimeProvider.System);
        progress.Report(Step);
        progress.Report(Step with { Step = 1000 });
        progress.Dispose();
    }

    [TestMethod]
    public void BadArgumentsAreRefused()
    {
        Assert.ThrowsExactly<ArgumentNullException>(() => new ConsoleProgress(null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => new ConsoleProgress().Report((TrainingProgress)null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => new ConsoleProgress().Report((SearchProgress)null!));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ConsoleProgress(new StringWriter(), TimeSpan.FromSeconds(-1)));
    }

    /// <summary>A file on a full disk, or a terminal that is gone.</summary>
    private sealed class FullWriter : StringWriter
    {
        public override void Write(char value) => throw new IOException("No space left on device");

        public override void Write(string? value) => throw new IOException("No space left on device");

        public override void WriteLine(string? value) => throw new IOException("No space left on device");
    }
}
