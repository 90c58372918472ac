namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Trainings that begin as those of an autoregressive model.</summary>
[TestClass]
public sealed class WarmStartTests
{
    private static readonly string[] Texts = ["the cat sat on the mat", "a small bird sang in the old tree", "one two three four five"];

    private static LikelihoodScoringTransformer Fit(Action<TrainerOptions>? change = null, MLContext? context = null)
    {
        MLContext ml = context ?? new MLContext(1);
        var options = new TrainerOptions
        {
            Network = new TransformerConfig
            {
                Name = "warm", LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 32, ContextLength = 16,
            },
            Tokenizer = TokenizerSource.Bytes(),
            WarmStart = 0.5,
            MaxSteps = 6,
            BatchSize = 4,
            ProgressInterval = 1,
            Seed = 3,
            Device = "cpu",
        };
        change?.Invoke(options);
        return ml.MaskedDiffusion().Trainer(options).Fit(
            ml.Data.LoadFromEnumerable(Texts.Select(text => new TextRow { Text = text }).ToList()));
    }

    private static float[] Weights(MaskedDiffusionModel model) =>
        [.. model.Network.Parameters.Values.SelectMany(weights => weights.data<float>().ToArray())];

    [TestMethod]
    [DataRow(2, DisplayName = "stopped in the start")]
    [DataRow(4, DisplayName = "stopped after it")]
    public void ARunStoppedAndResumedEndsWithTheSameBits(int stop)
    {
        using var folder = new TemporaryFolder();
        using LikelihoodScoringTransformer whole = Fit(), cold = Fit(o => o.WarmStart = 0);
        CollectionAssert.AreNotEqual(Weights(cold.Model), Weights(whole.Model));
        Assert.IsNull(whole.Model.Network.Attention, "the model sees both sides, as any masked diffusion model");
        using var source = new CancellationTokenSource();
        void Checkpointed(TrainerOptions o) =>
            (o.Checkpoints.Folder, o.Checkpoints.Interval, o.Checkpoints.Resume) = (folder.File("run"), 1, true);
        Assert.ThrowsExactly<OperationCanceledException>(() => Fit(o =>
        {
            Checkpointed(o);
            (o.Progress, o.CancellationToken) = (new Collected<TrainingProgress>(report =>
            {
                if (report.Phase == TrainingPhase.Training && report.Step == stop)
                    source.Cancel();
            }), source.Token);
        }));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Fit(o =>
        {
            Checkpointed(o);
            o.WarmStart = 0.25;
        })).Message, "WarmStart: 0.5 in the checkpoint, 0.25 now");
        using LikelihoodScoringTransformer resumed = Fit(Checkpointed);
        CollectionAssert.AreEqual(Weights(whole.Model), Weights(resumed.Model));
    }

    [TestMethod]
    public void ProgressSaysFromWhereOnTheLossIsTheBound()
    {
        var reports = new List<TrainingProgress>();
        using LikelihoodScoringTransformer lm = Fit(o => o.Progress = new Collected<TrainingProgress>(reports.Add));
        bool[] bounds = [.. reports.Where(report => report.Phase == TrainingPhase.Training).Select(report => report.LossIsBound)];
        CollectionAssert.AreEqual(new[] { false, false, false, true, true, true }, bounds);
    }

    [TestMethod]
    public void TheStartIsNotValidatedAndEndsNoRun()
    {
        // Such a rate makes a masked diffusion model worse from the first step on: its patience would be at an end in the start.
        IDataView held = new MLContext(1).Data.LoadFromEnumerable(TextRow.Make([.. Texts]));
        using LikelihoodScoringTransformer lm = Fit(o =>
        {
            (o.ValidationSet, o.Validation.Interval, o.Validation.EarlyStoppingPatience) = (held, 1, 1);
            (o.WarmStart, o.MaxSteps, o.LearningRate, o.Optimizer.WarmupSteps) = (0.8, 10, 1, 0);
        });
        long[] validated = [.. lm.TrainingResult!.ValidationHistory.Select(point => point.Step)];
        Assert.AreEqual(9, validated[0]);
        Assert.IsGreaterThanOrEqualTo(9, lm.TrainingResult.Steps);
    }

    [TestMethod]
    [DataRow(2, true)]
    [DataRow(3, true, DisplayName = "the step that is dropped would be the first behind the start")]
    [DataRow(4, false)]
    public void AModelThatIsStillInTheStartIsSaidToBe(int stop, bool isInStart)
    {
        var ml = new MLContext(1);
        List<string> warnings = Warnings.Of(ml);
        using var source = new CancellationTokenSource();
        void Stop(TrainingProgress report)
        {
            if (report.Step == stop)
                source.Cancel();
        }
        using LikelihoodScoringTransformer lm = Fit(
            o => (o.CancelBehavior, o.Progress, o.CancellationToken) =
                (CancelBehavior.ReturnBestSoFar, new Collected<TrainingProgress>(Stop), source.Token),
            ml);
        Assert.AreEqual(stop, lm.TrainingResult!.BestStep);
        Assert.AreEqual(isInStart, lm.TrainingResult.EndedInWarmStart);
        Assert.HasCount(isInStart ? 1 : 0, warnings);
        Assert.IsTrue(warnings.TrueForAll(text => text.StartsWith($"Step {stop}, whose weights the model has, is in the warm start")));
    }

    [TestMethod]
    public void BatchesCutToOneTokenAreTrainedToo()
    {
        using LikelihoodScoringTransformer lm = Fit(o =>
        {
            (o.Noise.StochasticLengthRatio, o.MaxSteps, o.WarmStart) = (1, 40, 0.9);
            o.Network = o.Network with { ContextLength = 2 };
        });
        Assert.AreEqual(40, lm.TrainingResult!.Steps);
        Assert.IsTrue(Weights(lm.Model).All(float.IsFinite));
    }

    [TestMethod]
    public void WhatCannotBeIsRefused()
    {
        foreach (Action<TrainerOptions> change in new Action<TrainerOptions>[]
        {
            o => (o.Budget.UntilCancelled, o.MaxSteps, o.CancellationToken) = (true, null, new CancellationTokenSource().Token),
        })
        {
            Assert.AreEqual("WarmStart", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fit(change)).ParamName);
        }
        Assert.AreEqual("WarmStart", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new AutoregressiveTrainer(new MLContext(1), new TrainerOptions { WarmStart = 0.5 })).ParamName);
    }
}
