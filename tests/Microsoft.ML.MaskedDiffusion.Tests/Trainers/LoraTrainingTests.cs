using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Fine-tuning of adapters through the trainers.</summary>
[TestClass]
public sealed class LoraTrainingTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create();

    private static LikelihoodScoringTransformer Fit(Action<TrainerOptions>? change = null) => FineTuningTests.Fit(o =>
    {
        o.Lora = new LoraOptions { Rank = 4, Alpha = 8 };
        o.InitialModel = Model;
        change?.Invoke(o);
    });

    private static float[] Weights(MaskedDiffusionModel model) =>
        [.. model.Network.Parameters.Values.SelectMany(weights => TensorMemory.FloatSpan(weights).ToArray())];

    private static IDataView Held => FineTuningTests.View(FineTuningTests.Rows);

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void AnswersBecomeLikelyAndTheAdapterIsAllThatWasLearned(bool autoregressive)
    {
        using MaskedDiffusionModel initial = autoregressive ? TinyAutoregressiveModel.Create() : TinyModel.Create();
        float[] before = Weights(initial);
        TrainerOptions options = FineTuningTests.Options(o =>
        {
            (o.InitialModel, o.Lora) = (initial, new LoraOptions { Rank = 8, Alpha = 16, Targets = ["all-linear", "lm_head"] });
            (o.MaxSteps, o.LearningRate, o.ValidationSet, o.Validation.Interval, o.Validation.Samples) = (300, 2e-2, Held, 100, 16);
        });
        var ml = new MLContext(1);
        IEstimator<LikelihoodScoringTransformer> trainer = autoregressive
            ? ml.MaskedDiffusion().AutoregressiveTrainer(options) : ml.MaskedDiffusion().Trainer(options);
        using LikelihoodScoringTransformer tuned = trainer.Fit(Held);
        CollectionAssert.AreEqual(before, Weights(initial), "the initial model stays as it is");
        // Six answers of equal chance would cost ln 6 = 1.8 nats; at first every token costs some ln 300 = 5.7.
        Assert.IsGreaterThan(3, tuned.TrainingResult!.LossHistory[0].Loss);
        Limit.Below(0.9, tuned.TrainingResult.ValidationLoss!.Value);

        LoraAdapter adapter = tuned.Model.Adapter!;
        Assert.AreEqual((8, 16.0), (adapter.Rank, adapter.Alpha));
        // Of each block 32 x (96 + 32), twice 32 x 64 and 64 x 32, and the output layer.
        Assert.AreEqual(8 * (2 * (128 + 64 + 3 * 96) + 32 + initial.Config.VocabularySize), adapter.ParameterCount);
        using var folder = new TemporaryFolder();
        adapter.Save(folder.File("adapter"));
        using MaskedDiffusionModel merged = initial.Merge(LoraAdapter.Load(folder.File("adapter")));
        CollectionAssert.AreEqual(Weights(tuned.Model), Weights(merged));
        StringAssert.Contains(File.ReadAllText(folder.File("adapter/adapter_config.json")),
            autoregressive ? "\"task_type\": \"CAUSAL_LM\"" : "\"task_type\": null");
        using MaskedDiffusionModel copy = tuned.Model.Clone();
        Assert.AreSame(adapter, copy.Adapter);
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow(0.7)]
    public void ARunStoppedAndResumedEndsWithTheSameBits(double? averaging)
    {
        void Averaged(TrainerOptions o)
        {
            (o.MaxSteps, o.LearningRate, o.Optimizer.EmaDecay, o.ValidationSet, o.Validation.Interval) = (8, 0.05, averaging, Held, 2);
            (o.Validation.EarlyStoppingPatience, o.BatchSize) = (8, 6);
        }
        using var folder = new TemporaryFolder();
        using LikelihoodScoringTransformer whole = Fit(Averaged);
        void Checkpointed(TrainerOptions o)
        {
            Averaged(o);
            (o.Checkpoints.Folder, o.Checkpoints.Interval, o.Checkpoints.Resume) = (folder.File("run"), 1, true);
        }
        using var source = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(() => Fit(o =>
        {
            Checkpointed(o);
            (o.Progress, o.CancellationToken) = (new Collected<TrainingProgress>(
                report => { if (report is { Step: 5, Phase: TrainingPhase.Training }) source.Cancel(); }), source.Token);
        }));
        string checkpoint = Directory.GetDirectories(folder.File("run"), "step-*").Order(StringComparer.Ordinal).Last();
        using (SafetensorsReader reader = SafetensorsReader.Open(Path.Combine(checkpoint, "model.safetensors")))
            Assert.IsTrue(reader.Entries.All(entry => entry.Name.Contains(".lora_", StringComparison.Ordinal)), "the base is not in it");
        foreach ((string difference, Action<TrainerOptions> change) in new (string, Action<TrainerOptions>)[]
        {
            ("Lora: rank 4, alpha 8, attn.attn, attn.proj, mlp.swiglu.w1, mlp.swiglu.w2, mlp.swiglu.w3 in the checkpoint, rank 2",
                o => o.Lora!.Rank = 2),
            ("rank 4, alpha 9,", o => o.Lora!.Alpha = 9),
            ("rank 4, alpha 8, attn.attn now", o => o.Lora!.Targets = ["attn.attn"]),
            ("Lora", o => o.Lora = null),
        })
        {
            StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Fit(o =>
            {
                Checkpointed(o);
                change(o);
            })).Message, difference);
        }
        using LikelihoodScoringTransformer resumed = Fit(Checkpointed);
        CollectionAssert.AreEqual(Weights(whole.Model), Weights(resumed.Model));
        Assert.AreEqual(whole.TrainingResult!.BestStep, resumed.TrainingResult!.BestStep);
        Assert.AreEqual(whole.TrainingResult.ValidationLoss, resumed.TrainingResult.ValidationLoss);
        using MaskedDiffusionModel merged = Model.Merge(resumed.Model.Adapter!);
        CollectionAssert.AreEqual(Weights(whole.Model), Weights(merged));
    }

    /// <summary>The layers of a published model have its own names, which PEFT knows, and its queries, keys and values are apart.</summary>
    [TestMethod]
    [DataRow("a2d-qwen2", "model.layers.0.self_attn.k_proj")]
    [DataRow("llada", "model.transformer.blocks.0.k_proj")]
    [DataRow("modernbert", "model.layers.1.attn.Wqkv")]
    public void APublishedModelsAdapterHasItsNames(string name, string layer)
    {
        using var published = new PublishedFolder(name);
        using MaskedDiffusionModel model = published.Load(WeightType.Float32);
        using LikelihoodScoringTransformer tuned = new MLContext(1).MaskedDiffusion().Trainer(new TrainerOptions
        {
            InitialModel = model, Lora = new LoraOptions { Rank = 2 }, MaxSteps = 3, BatchSize = 2, LearningRate = 0.01, Seed = 3,
            Device = "cpu", Rows = { PackDocuments = false },
        }).Fit(new MLContext(1).Data.LoadFromEnumerable(TextRow.Make("w1 w2 w3 w4 w5", "w6 w7 w8")));
        LoraAdapter adapter = tuned.Model.Adapter!;
        CollectionAssert.Contains(adapter.LayerNames.ToArray(), layer);
        CollectionAssert.AreNotEqual(Weights(model), Weights(tuned.Model));
        using var folder = new TemporaryFolder();
        adapter.Save(folder.File("adapter"));
        using MaskedDiffusionModel merged = model.Merge(LoraAdapter.Load(folder.File("adapter")));
        CollectionAssert.AreEqual(Weights(tuned.Model), Weights(merged));
        // The names are found again without the family, in a model of the library's own form.
        tuned.Model.Save(folder.File("tuned.mdm"));
        model.Save(folder.File("base.mdm"));
        using MaskedDiffusionModel plain = MaskedDiffusionModel.Load(folder.File("base.mdm"), "cpu"), again = plain.Merge(adapter);
        CollectionAssert.AreEqual(Weights(tuned.Model), Weights(again));
    }

    /// <summary>Averages are validated and returned, and a step does not see them.</summary>
    [TestMethod]
    public void AveragedFactorsAreWhatIsReturned()
    {
        void Steps(TrainerOptions o, long steps, double? decay) =>
            (o.MaxSteps, o.LearningRate, o.Optimizer.MinLearningRateRatio, o.Optimizer.WarmupSteps, o.Optimizer.EmaDecay) =
            (steps, 0.01, 1, 0, decay);
        using LikelihoodScoringTransformer averaged = Fit(o => Steps(o, 2, 0.5)), first = Fit(o => Steps(o, 1, null)),
            second = Fit(o => Steps(o, 2, null));
        foreach ((int i, string name) in averaged.Model.Adapter!.LayerNames.Index())
        {
            float[] expected =
            [
                .. first.Model.Adapter!.Factors[i].A.Zip(second.Model.Adapter!.Factors[i].A, (a, b) => (a + 2 * b) / 3),
            ];
            // Roundings of numbers below 1.
            Limit.Below(1e-6f, expected.Zip(averaged.Model.Adapter.Factors[i].A, (a, b) => Math.Abs(a - b)).Largest(), name);
        }
    }

    [TestMethod]
    public void WhatCannotBeIsRefused()
    {
        const string Remedy = "Train all weights first, and then adapters with the model that this gives as InitialModel";
        using MaskedDiffusionModel causal = TinyAutoregressiveModel.Create();
        (string Option, string Message, Action<TrainerOptions> Change)[] bad =
        [
            ("Lora", "without an InitialModel", o => o.InitialModel = null),
            ("Lora", "a masked diffusion model, whose mask token no adapter could learn. " + Remedy, o => o.InitialModel = causal),
            ("Lora", "Noise.GapLengthRatio adds tokens, which no adapter could learn. " + Remedy,
                o => (o.Noise.GapLengthRatio, o.Noise.MaxGapLength) = (0.5, 4)),
            ("Lora.Targets", "attn.attn, attn.proj", o => o.Lora!.Targets = ["c_attn"]),
        ];
        foreach ((string option, string message, Action<TrainerOptions> change) in bad)
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fit(change), option);
            Assert.AreEqual(option, error.ParamName);
            StringAssert.Contains(error.Message, message);
        }
    }

    [TestMethod]
    public void OptionsAreCopiedWhenTheTrainerIsMade()
    {
        List<string> targets = ["attn.proj"];
        TrainerOptions options = FineTuningTests.Options(o => (o.InitialModel, o.Lora) = (Model, new LoraOptions { Targets = targets }));
        var trainer = new MaskedDiffusionTrainer(new MLContext(1), options);
        targets[0] = "lm_head";
        options.Lora!.Rank = 1;
        using LikelihoodScoringTransformer tuned = trainer.Fit(Held);
        Assert.AreEqual(8, tuned.Model.Adapter!.Rank);
        CollectionAssert.AreEqual(new[] { "attn.proj" }, tuned.Model.Adapter.Targets.ToArray());
    }
}
