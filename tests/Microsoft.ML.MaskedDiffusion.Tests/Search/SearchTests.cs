using System.Xml.Linq;
using static Microsoft.ML.MaskedDiffusion.Tests.TinySearch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Searches whose trainings take a moment.</summary>
[TestClass]
public sealed class SearchTests
{
    [TestMethod]
    public void TheBestTrialIsWhatTheTrainerMakesOfItsOptions()
    {
        using var folder = new TemporaryFolder();
        using SearchResult result = Run(Tiny(o => o.Folder = folder.File("search")));
        Assert.HasCount(5, result.Trials);
        Assert.IsFalse(result.IsCancelled);
        // 18 steps in all: 2, 6 and 18.
        foreach (SearchTrial trial in result.Trials)
        {
            CollectionAssert.AreEqual(
                new long[] { 2, 6, 18 }.Take(trial.Measurements.Count).ToArray(), trial.Measurements.Select(m => m.Steps).ToArray());
            double flopsOfStep = 6.0 * Network(16).NonEmbeddingParameterCount * (int)trial.Values["BatchSize"]! * 16;
            Assert.AreEqual(flopsOfStep * trial.Last.Steps, trial.Last.Flops);
            Assert.IsTrue(trial.Last.Losses.Count > 0 && trial.Last.Losses[^1].Step == trial.Last.Steps);
        }
        Assert.AreEqual((2, 1.0), (result.Best.Last.Rung, result.Best.Last.Share));
        Assert.AreEqual(result.Trials.Where(trial => trial.Last.Rung == 2).Min(trial => trial.Last.Metric), result.Best.Last.Metric);
        // It was stopped twice and went on from its checkpoints; a training that never stopped ends with the same bits.
        var ml = new MLContext(1);
        TrainerOptions options = result.BestOptions;
        Assert.AreEqual((7, (double)result.Best.Values["LearningRate"]!), (options.Seed, options.LearningRate));
        using LikelihoodScoringTransformer whole = ml.MaskedDiffusion().Trainer(options).Fit(Rows(ml));
        CollectionAssert.AreEqual(Weights(whole.Model), Weights(result.Transformer.Model));
        // Nothing is left but the log, the best model and checkpoints of trials that could have gone on.
        CollectionAssert.IsSubsetOf(
            Directory.EnumerateFileSystemEntries(folder.File("search")).Select(Path.GetFileName).ToArray(),
            new[] { "search.jsonl", "best", "trials" });
        Assert.IsFalse(Directory.Exists(Path.Combine(folder.File("search"), "trials", $"{result.Best.Number:0000}")));
        string best = Path.Combine(Directory.EnumerateDirectories(folder.File("search/best")).Single(), "model.zip");
        using var saved = (LikelihoodScoringTransformer)ml.MaskedDiffusion().LoadModel(best, out _);
        CollectionAssert.AreEqual(Weights(whole.Model), Weights(saved.Model));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void TheTextIsReadOnceForAllTrials(bool isDamaged)
    {
        using SearchResult whole = Run(Tiny());
        var ml = new MLContext(1);
        using var folder = new TemporaryFolder();
        var text = new CountingView(Rows(ml));
        int count = 0;
        SearchOptions InFolder(Action<SearchOptions> change) => Tiny(o =>
        {
            o.Folder = folder.File("search");
            change(o);
        });
        Assert.ThrowsExactly<NotSupportedException>(() => ml.MaskedDiffusion().Search(text, InFolder(o => o.Metric = Loss(() =>
        {
            if (count++ == 4)
                throw new NotSupportedException();
        }))));
        Assert.AreEqual(1, text.Opened, "four trainings");
        string tokens = folder.File("search/trials/tokens/packed/train_0000000000.bin");
        Assert.IsTrue(File.Exists(tokens));
        if (isDamaged)
            File.WriteAllBytes(tokens, File.ReadAllBytes(tokens)[..100]);
        using SearchResult resumed = ml.MaskedDiffusion().Search(text, InFolder(o => o.Resume = true));
        Assert.AreEqual(isDamaged ? 2 : 1, text.Opened, "damaged tokens are made anew");
        Assert.IsFalse(Directory.Exists(folder.File("search/trials/tokens")), "all trials are over");
        CollectionAssert.AreEqual(Shown(whole), Shown(resumed));
        CollectionAssert.AreEqual(Weights(whole.Transformer.Model), Weights(resumed.Transformer.Model));
    }

    [TestMethod]
    public void TrialsOfOtherTokenizersHaveTokensOfTheirOwn()
    {
        using SearchResult result = Run(Tiny(o =>
        {
            (o.Rungs, o.MaxTrials) = (1, 8);
            o.Space.Choice("Tokenizer", o.Trainer.Tokenizer, TokenizerSource.TrainBytePairEncoding(300));
        }));
        Assert.HasCount(2, result.Trials.Select(trial => trial.Values["Tokenizer"]).Distinct().ToArray());
        Assert.HasCount(8, result.Trials.Where(trial => double.IsFinite(trial.Last.Metric)).ToArray());
        var ml = new MLContext(1);
        using LikelihoodScoringTransformer expected = ml.MaskedDiffusion().Trainer(result.BestOptions).Fit(Rows(ml));
        CollectionAssert.AreEqual(Weights(expected.Model), Weights(result.Transformer.Model));
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(4)]
    [DataRow(6)]
    public void ASearchThatWasStoppedGoesOnAsItWouldHave(int measurements)
    {
        using SearchResult whole = Run(Tiny());
        using var folder = new TemporaryFolder();
        int count = 0;
        void InFolder(SearchOptions o) => o.Folder = folder.File("search");
        // What is measured when the search stops is lost, as at a kill.
        Assert.ThrowsExactly<NotSupportedException>(() => Run(Tiny(o =>
        {
            InFolder(o);
            o.Metric = Loss(() =>
            {
                if (count++ == measurements)
                    throw new NotSupportedException();
            });
        })));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Run(Tiny(InFolder))).Message, "Resume");
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => Run(Tiny(o =>
            {
                InFolder(o);
                (o.Resume, o.Seed) = (true, 8);
            }))).Message, "Seed was 7 and is now 8");
        using SearchResult resumed = Run(Tiny(o =>
        {
            InFolder(o);
            o.Resume = true;
        }));
        CollectionAssert.AreEqual(Shown(whole), Shown(resumed));
        CollectionAssert.AreEqual(Weights(whole.Transformer.Model), Weights(resumed.Transformer.Model));
        // A search that is over is not trained again; its model comes from the file.
        using SearchResult again = Run(Tiny(o =>
        {
            InFolder(o);
            (o.Resume, o.Metric) = (true, Loss(() => Assert.Fail("nothing is measured again")));
        }));
        CollectionAssert.AreEqual(Shown(whole), Shown(again));
        CollectionAssert.AreEqual(Weights(whole.Transformer.Model), Weights(again.Transformer.Model));
    }

    [TestMethod]
    public void AKillBetweenTheModelAndItsLineLeavesTheModelOfTheBestLine()
    {
        using var folder = new TemporaryFolder();
        string best = folder.File("search/best/0001-0/model.zip"), aside = folder.File("model.zip");
        int count = 0;
        void Better(SearchOptions o) => (o.Folder, o.Rungs, o.MaxTrials, o.Metric) =
            (folder.File("search"), 1, 3, SearchMetric.Of("better each time", _ =>
            {
                if (count == 2)
                    File.Copy(best, aside);
                return -count++;
            }));
        using (SearchResult whole = Run(Tiny(Better)))
            Assert.AreEqual(2, whole.Best.Number);
        // As at a kill: the last trial's model is there beside the one before, and its line is not.
        Assert.IsFalse(File.Exists(best));
        Directory.CreateDirectory(Path.GetDirectoryName(best)!);
        File.Move(aside, best);
        string log = folder.File("search/search.jsonl");
        string[] lines = File.ReadAllLines(log);
        Assert.HasCount(4, lines);
        File.WriteAllText(log, string.Concat(lines[..3].Select(line => line + "\n")));
        using SearchResult ended = Run(Tiny(o =>
        {
            Better(o);
            (o.Resume, o.MaxSeconds) = (true, 1e-9);
        }));
        Assert.AreEqual(1, ended.Best.Number);
        var ml = new MLContext(1);
        using LikelihoodScoringTransformer expected = ml.MaskedDiffusion().Trainer(ended.BestOptions).Fit(Rows(ml));
        CollectionAssert.AreEqual(Weights(expected.Model), Weights(ended.Transformer.Model));
    }

    [TestMethod]
    public void ACancelledSearchGivesTheBestSoFar()
    {
        using var source = new CancellationTokenSource();
        var reports = new Collected<SearchProgress>(report =>
        {
            if (report is { Trial: 2, Training: { Phase: TrainingPhase.Training } })
                source.Cancel();
        });
        using SearchResult result = Run(Tiny(o => (o.CancellationToken, o.Progress) = (source.Token, reports)));
        Assert.IsTrue(result.IsCancelled);
        CollectionAssert.AreEqual(new[] { 0, 1 }, result.Trials.Select(trial => trial.Number).ToArray());
        Assert.AreEqual(result.Trials.Min(trial => trial.Last.Metric), result.Best.Last.Metric);
        using var none = new CancellationTokenSource();
        none.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => Run(Tiny(o => o.CancellationToken = none.Token)));
    }

    [TestMethod]
    public void TrialsOfEqualFlopsTrainLargerNetworksOnLess()
    {
        using SearchResult result = Run(Tiny(o =>
        {
            (o.EqualFlops, o.Rungs, o.MaxTrials) = (true, 1, 4);
            o.Space = new SearchSpace().Choice("Network", Network(16), Network(64));
        }));
        double flops = 6.0 * Network(16).NonEmbeddingParameterCount * 18 * 2 * 16;
        foreach (SearchTrial trial in result.Trials)
        {
            var network = (TransformerConfig)trial.Values["Network"]!;
            Assert.AreEqual(flops / (6.0 * network.NonEmbeddingParameterCount * 2 * 16), trial.Last.Steps, 1, network.Name);
            Limit.AtMost(flops, trial.Last.Flops);
        }
        Assert.HasCount(2, result.Trials.Select(trial => trial.Last.Steps).Distinct().ToArray());
    }

    [TestMethod]
    public void EqualFlopsAreThoseOfTheSequencesThatTheTrainerTakes()
    {
        // Lengths that are drawn from 1 to 16 cost about half; the trainer's own options take the trainer's own steps.
        using SearchResult drawn = Run(Tiny(o =>
        {
            (o.EqualFlops, o.Rungs, o.MaxTrials, o.Trainer.Noise.StochasticLengthRatio) = (true, 1, 1, 1);
            o.Space.Without("BatchSize");
        }));
        Assert.AreEqual(18, drawn.Best.Last.Steps);
        // Rows of their own have a budget of FLOPs. Steps are whole, and one of them has at most 4 rows of 8 of the 200 tokens.
        double flopsOfToken = 6.0 * Network(16).NonEmbeddingParameterCount;
        var ml = new MLContext(1);
        IDataView rows = ml.Data.LoadFromEnumerable(TextRow.Make("the cat", "one two", "a river"));
        using SearchResult owned = ml.MaskedDiffusion().Search(rows, Tiny(o =>
        {
            (o.EqualFlops, o.Rungs, o.MaxTrials, o.Trainer.Rows.PackDocuments) = (true, 1, 2, false);
            (o.Trainer.MaxSteps, o.Trainer.Budget.MaxFlops) = (null, 200 * flopsOfToken);
        }));
        foreach (SearchTrial trial in owned.Trials)
            Assert.AreEqual(200, trial.Last.Flops / flopsOfToken, 4 * 8);
    }

    [TestMethod]
    public void BudgetsEndASearch()
    {
        double trial = 6.0 * Network(16).NonEmbeddingParameterCount * 18 * 2 * 16;
        using SearchResult two = Run(Tiny(o => (o.EqualFlops, o.Rungs, o.MaxFlops) = (true, 1, 2.5 * trial)));
        Assert.HasCount(2, two.Trials);
        using SearchResult one = Run(Tiny(o => (o.Rungs, o.MaxSeconds) = (1, 1e-9)));
        Assert.HasCount(1, one.Trials);
        using SearchResult least = Run(Tiny(o => (o.EqualFlops, o.Rungs, o.MaxFlops) = (true, 1, 1)));
        Assert.HasCount(1, least.Trials);
    }

    [TestMethod]
    public void ATrialThatDivergesCountsItsOwnFlops()
    {
        using SearchResult result = Run(Tiny(o =>
        {
            (o.Rungs, o.MaxTrials) = (1, 4);
            o.Space = new SearchSpace().Choice("BatchSize", 2, 8);
            o.Metric = SearchMetric.Of("large batches diverge", lm => lm.TrainingResult!.TokensSeen == 18 * 8 * 16
                ? throw new TrainingDivergedException(9, double.NaN, 1, 1) : lm.TrainingResult.FinalLoss);
        }));
        SearchTrial[] diverged = [.. result.Trials.Where(trial => trial.Last.Error is not null)];
        Assert.IsNotEmpty(diverged);
        foreach (SearchTrial trial in diverged)
            Assert.AreEqual(6.0 * Network(16).NonEmbeddingParameterCount * 18 * 8 * 16, trial.Last.Flops);
    }

    [TestMethod]
    public void ModelsWithoutAMetricLose()
    {
        int count = 0;
        using SearchResult result = Run(Tiny(o =>
        {
            o.Rungs = 1;
            o.Metric = SearchMetric.Of("some fail", _ => ++count % 2 == 1 ? double.NaN : count, lowerIsBetter: false);
        }));
        Assert.AreEqual((3, 4.0), (result.Best.Number, result.Best.Last.Metric));
        CollectionAssert.AreEqual(new[] { 3, 1, 0, 2, 4 }, result.RankedTrials.Select(trial => trial.Number).ToArray());
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(
                () => Run(Tiny(o => o.Metric = SearchMetric.Of("all fail", _ => double.NaN)))).Message, "None of 5 trials");
    }

    [TestMethod]
    public void BitsPerByteAreThoseOfTheEvaluator()
    {
        var ml = new MLContext(1);
        using SearchResult result = Run(Tiny(o => (o.Metric, o.MaxTrials, o.Rungs) = (SearchMetric.BitsPerByte(Rows(ml)), 2, 1)));
        PerplexityResult expected = ml.MaskedDiffusion().EvaluatePerplexity(Rows(ml), result.Transformer.Model);
        Assert.AreEqual(expected.All.BitsPerByte.Value, result.Best.Last.Metric);
    }

    [TestMethod]
    public void TheReportShowsEveryTrial()
    {
        using var folder = new TemporaryFolder();
        using SearchResult result = Run(Tiny(o => o.Metric = SearchMetric.Of("<loss> & more", lm => lm.TrainingResult!.FinalLoss)));
        result.SaveReport(folder.File("report.html"));
        string page = File.ReadAllText(folder.File("report.html"));
        // What is well-formed is escaped everywhere.
        XElement body = XDocument.Parse(page.Replace("<!DOCTYPE html>", "").Replace("<meta charset=\"utf-8\">", "")).Root!.Element("body")!;
        XElement[] drawings = [.. body.Elements("svg")];
        Assert.HasCount(2, drawings);
        Assert.HasCount(5, drawings[0].Elements("polyline").ToArray());
        Assert.HasCount(1, drawings[0].Elements("polyline").Where(line => line.Attribute("class")!.Value == "trial best").ToArray());
        Assert.HasCount(5, body.Descendants("tbody").Single().Elements("tr").ToArray());
        XElement best = body.Descendants("tr").Single(row => row.Attribute("class")?.Value == "best");
        Assert.AreEqual($"{result.Best.Number}", best.Elements().First().Value);
        Assert.HasCount(5, result.ToString().TrimEnd().Split('\n'));
    }

    [TestMethod]
    [DataRow(false, 18, 8, DisplayName = "a third, and a ninth of the rest")]
    [DataRow(true, 18, 10, DisplayName = "a half at most, and a ninth of the rest")]
    [DataRow(false, 4, 3, DisplayName = "the first step behind the start comes after the rung")]
    [DataRow(true, 7, 5, DisplayName = "the first step behind any start comes after the rung")]
    public void NoTrialIsMeasuredInItsWarmStart(bool isVaried, int steps, int first)
    {
        List<bool> started = [];
        using SearchResult result = Run(Tiny(o =>
        {
            o.Trainer.MaxSteps = steps;
            if (isVaried)
                o.Space = new SearchSpace().Choice("WarmStart", 0.5, 0.49);
            else
                o.Trainer.WarmStart = 1 / 3.0;
            o.Metric = SearchMetric.Of("training loss", lm =>
            {
                started.Add(lm.TrainingResult!.EndedInWarmStart);
                return lm.TrainingResult.FinalLoss;
            });
        }));
        Assert.IsGreaterThan(5, started.Count);
        Assert.DoesNotContain(true, started);
        Assert.AreEqual(first, result.Trials.Max(trial => trial.Measurements[0].Steps));
    }
}
