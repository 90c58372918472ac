using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Many users of one transformer at once, beside a training: each gets what it gets alone.</summary>
[TestClass]
public sealed class ThreadingTests
{
    private const int Threads = 8;

    [TestMethod]
    [DynamicData(nameof(Components.All), typeof(Components))]
    public void EnginesCursorsAndATrainingAtOnceGetWhatEachGetsAlone(string name)
    {
        var ml = new MLContext(1);
        using MaskedDiffusionModel model = Components.Model(name);
        FixtureRow[] rows = Components.Rows(6);
        IDataView view = FixtureRow.View(rows);
        using ModelTransformer transformer = Components.Estimator(ml, name, model).Fit(view);
        string[] expected = Components.Values(transformer.Transform(view)), byEngine = [];
        if (Components.MapsRows(name))
        {
            using PredictionEngine<FixtureRow, Predicted> engine = Engine(transformer);
            byEngine = [.. rows.Select(row => $"{engine.Predict(row)}")];
        }
        string trained = Train();
        long tensors = torch.Tensor.TotalCount;
        using var together = new Barrier(Threads + 3);
        // Threads of their own: the pool's may be fewer than must meet at the barrier.
        Action[] work =
        [
            .. Enumerable.Range(0, Threads).Select(_ => (Action)(() =>
            {
                if (byEngine.Length == 0)
                {
                    CollectionAssert.AreEqual(expected, Components.Values(transformer.Transform(view)));
                    return;
                }
                using PredictionEngine<FixtureRow, Predicted> engine = Engine(transformer);
                for (int round = 0; round < 2; round++)
                    CollectionAssert.AreEqual(byEngine, rows.Select(row => $"{engine.Predict(row)}").ToArray());
            })),
            () => CollectionAssert.AreEqual(expected, Components.Values(transformer.Transform(view))),
            () => CollectionAssert.AreEqual(expected, Components.Values(transformer.Transform(view))),
            () => Assert.AreEqual(trained, Train()),
        ];
        Task[] tasks =
        [
            .. work.Select(action => Task.Factory.StartNew(
                () =>
                {
                    together.SignalAndWait();
                    action();
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)),
        ];
        Assert.IsTrue(Task.WaitAll(tasks, TimeSpan.FromMinutes(2)), "all come to an end");
        // A training leaves what TorchSharp goes on counting for disposed parameters; see MemoryTests.
        long left = torch.Tensor.TotalCount - tensors;
        Assert.AreEqual(TrainingLeaves(), left, "live tensors");
    }

    private static long TrainingLeaves()
    {
        long before = torch.Tensor.TotalCount;
        Train();
        return torch.Tensor.TotalCount - before;
    }

    private static PredictionEngine<FixtureRow, Predicted> Engine(ITransformer transformer) =>
        new MLContext().Model.CreatePredictionEngine<FixtureRow, Predicted>(transformer, new PredictionEngineOptions
        {
            IgnoreMissingColumns = true, OwnsTransformer = false,
        });

    // What a small training ends with.
    private static string Train()
    {
        IDataView rows = Components.View(6);
        using LikelihoodScoringTransformer trained = new MaskedDiffusionTrainer(new MLContext(1), Components.Training()).Fit(rows);
        return string.Join('\n', Components.Values(trained.Transform(rows)));
    }

    /// <summary>What any of the transforms predicts of a row.</summary>
    private sealed record Predicted
    {
        public float NegativeLogLikelihood { get; set; }

        public int TokenCount { get; set; }

        public string PredictedText { get; set; } = "";

        public string Filled { get; set; } = "";

        public string Completion { get; set; } = "";

        public float LogProbability { get; set; }
    }
}
