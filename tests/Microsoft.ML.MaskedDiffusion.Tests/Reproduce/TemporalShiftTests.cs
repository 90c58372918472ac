using System.Text;
using Reproduce.Experiments.TemporalShift;
using Reproduce.Results;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>How changelogs are read, and what losses over periods say.</summary>
[TestClass]
public sealed class TemporalShiftTests
{
    private const string Changelog = """
        kite (1.2-3+b1) unstable; urgency=medium

          [ Ann Reed ]
          * The string is
            longer now. (Closes: #77)
            - And stronger.

          [ Bob Stone ]
          * New tail.

         -- Bob Stone <bob@kites.invalid>  Thu, 5 May 2022 16:11:37 +0200

        kite (1.1) unstable; urgency=low
          * First item without an empty line.
          + Second item.

         -- Ann Reed <ann@kites.invalid>  Sat, 31 Dec 2011 23:59:59 -0500

        kite (0.1) BETA; priority=LOW

         * From before trailers.
        """;

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void EntriesHaveTheirDatesAndItemsAndNoNames()
    {
        (IReadOnlyList<ChangelogEntry> entries, int withoutDate) = DebianChangelog.Parse(Changelog, "a file");
        Assert.HasCount(2, entries);
        Assert.AreEqual(1, withoutDate);
        Assert.AreEqual(("kite", new DateOnly(2022, 5, 5)), (entries[0].Package, entries[0].Date));
        CollectionAssert.AreEqual(
            new[] { "* The string is longer now. (Closes: #77) - And stronger.", "* New tail." }, entries[0].Items.ToArray());
        Assert.AreEqual(new DateOnly(2011, 12, 31), entries[1].Date);
        CollectionAssert.AreEqual(new[] { "* First item without an empty line.", "+ Second item." }, entries[1].Items.ToArray());
    }

    [TestMethod]
    public void OtherChangelogsAreToldApart()
    {
        Assert.IsTrue(DebianChangelog.IsOne("\n\n" + Changelog));
        Assert.IsFalse(DebianChangelog.IsOne("2022-05-05  Ann Reed\n\n\t* kite.c: longer.\n"));
        Assert.IsFalse(DebianChangelog.IsOne(""));
    }

    [TestMethod]
    public void ATrailerWithoutADateIsToldWithItsLine()
    {
        const string Text = "kite (1) unstable; urgency=low\n\n  * A tail.\n\n -- Ann Reed <ann@kites.invalid>  May\n";
        FormatException error = Assert.Throws<FormatException>(() => DebianChangelog.Parse(Text, "a file"));
        StringAssert.StartsWith(error.Message, "a file, line 5: ");
    }

    [TestMethod]
    public void AnItemCountsOnceAtItsFirstDateAndLongTextsAreCutAtWords()
    {
        DatedText[] texts = ChangelogCorpus.Distinct(
            [
                new ChangelogEntry("kite", new DateOnly(2021, 1, 2), ["* A tail.", "* A longer string."]),
                new ChangelogEntry("door", new DateOnly(2021, 1, 1), ["* A tail."]),
                new ChangelogEntry("mill", new DateOnly(2022, 1, 1), ["* A tail."]),
            ],
            mostCharacters: 12);
        Assert.HasCount(2, texts);
        Assert.AreEqual(new DatedText("door", new DateOnly(2021, 1, 1), "* A tail."), texts[0]);
        Assert.AreEqual(new DatedText("kite", new DateOnly(2021, 1, 2), "* A longer"), texts[1]);
    }

    [TestMethod]
    public void AFolderIsReadWithItsSubfoldersInBothEncodings()
    {
        Directory.CreateDirectory(_folder.File("kite"));
        ChangelogFile.Write(_folder.File("kite/changelog.Debian.gz"), Changelog);
        ChangelogFile.Write(_folder.File("changelog.gz"), "2022-05-05  Ann Reed\n\n\t* kite.c: longer.\n");
        ChangelogFile.Write(_folder.File("changelog.Debian.amd64.gz"),
            "door (1) unstable; urgency=low\n\n  * Für Türen.\n\n -- Ann <ann@kites.invalid>  Sat, 31 Dec 2011 23:59:59 -0500\n",
            Encoding.Latin1);
        (DatedText[] texts, int withoutDate) = ChangelogCorpus.Read(_folder.Path, mostCharacters: 1000);
        Assert.AreEqual(1, withoutDate);
        CollectionAssert.AreEqual(new[] { "door", "kite", "kite" }, texts.Select(text => text.Package).ToArray());
        Assert.AreEqual("* Für Türen.", texts[0].Text);
    }

    [TestMethod]
    public void BadDataIsToldWithItsFile()
    {
        StringAssert.Contains(Assert.Throws<InvalidOperationException>(
            () => ChangelogCorpus.Read(_folder.Path, 100)).Message, "has no changelog*.gz in Debian's format");
        Assert.Throws<InvalidOperationException>(() => ChangelogCorpus.Read(_folder.File("none"), 100));
        File.WriteAllText(_folder.File("changelog.gz"), "plain text");
        StringAssert.Contains(Assert.Throws<InvalidOperationException>(
            () => ChangelogCorpus.Read(_folder.Path, 100)).Message, "changelog.gz is not compressed by gzip");
    }

    [TestMethod]
    public void StepsOfEqualLossLieOnTheLineOverTheirLogarithm()
    {
        (int, double)[] trainings = [(100, 5), (400, 3), (800, 2)];
        Assert.AreEqual(200, EqualLoss.Steps(trainings, 4), "half of the way from 100 to 400 in logarithms");
        Assert.AreEqual(400, EqualLoss.Steps(trainings, 3));
        Assert.AreEqual(800, EqualLoss.Steps(trainings, 1), "below all");
        Assert.AreEqual(100, EqualLoss.Steps(trainings, 9), "above all");
        Assert.AreEqual(1, EqualLoss.Steps([(1, 4.0), (1, 4.0)], 4));
    }

    [TestMethod]
    public void LossesAreThoseOfTokensAndDrawsAreOfPackages()
    {
        TestText[] texts = [new("kite", 0, ""), new("kite", 0, ""), new("kite", 1, ""), new("door", 0, ""), new("door", 2, "")];
        var one = new PeriodLosses(3, texts, [2, 4, 9, 4, 20], [1, 2, 3, 2, 5], resamples: 500, seed: 1);
        var other = new PeriodLosses(3, texts, [2, 2, 3, 2, 10], [1, 2, 3, 2, 5], resamples: 500, seed: 1);
        // (2 + 4 + 4) / 5, 9 / 3, 20 / 5, and (9 + 20) / 8 of both later periods.
        CollectionAssert.AreEqual(new[] { 2, 3, 4, 3.625 }, one.All.ToArray());
        // Each package has a loss of 2 in the first period, so that its draws have no spread; two periods have one package each.
        Assert.AreEqual(new Interval(2, 2, 2), one.Loss(0));
        Assert.AreEqual(new Interval(1, 1, 1), one.Growth(1));
        // Draws of one package alone have 3 or 4 of all later text.
        Assert.AreEqual(new Interval(3.625, 3, 4), one.Loss(3));
        // The other's first period has 6 / 5; its draws are 4 / 3, 6 / 5 or 1, so that the differences are 2 less these.
        Interval above = one.Above(other, 0);
        Assert.AreEqual(2 - (6 / 5.0), above.Value, 1e-12);
        Assert.AreEqual(2 - (4 / 3.0), above.Low, 1e-12);
        Assert.AreEqual(1, above.High, 1e-12);
        Assert.AreEqual((3.625 - 2) - (13 / 8.0 - 6 / 5.0), one.GrowthAbove(other, 3).Value, 1e-12);
    }

    [TestMethod]
    public void LessGrowthHoldsOnlyAtEqualLoss()
    {
        var below = new Interval(-0.2, -0.3, -0.1);
        var around = new Interval(0.01, -0.1, 0.1);
        var above = new Interval(0.2, 0.1, 0.3);
        Assert.AreEqual(Verdict.Holds, TemporalShiftResults.Judge(below, [below, below], isEqual: true));
        Assert.AreEqual(Verdict.HoldsInPart, TemporalShiftResults.Judge(below, [below, below], isEqual: false));
        Assert.AreEqual(Verdict.HoldsInPart, TemporalShiftResults.Judge(below, [below, around], isEqual: true));
        Assert.AreEqual(Verdict.CannotBeTold, TemporalShiftResults.Judge(around, [below, above], isEqual: true));
        Assert.AreEqual(Verdict.DoesNotHold, TemporalShiftResults.Judge(above, [above, above], isEqual: true));
    }
}
