using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Masked diffusion models made of models that are none: autoregressive ones, and masked language models.</summary>
[TestClass]
public sealed class AdaptationTests
{
    private static readonly MaskedDiffusionModel Causal = TinyAutoregressiveModel.Create();

    private static readonly string[] Texts =
        ["the cat sat on the mat", "a small bird sang in the old tree by the river", "the river runs to the sea"];

    private static LikelihoodScoringTransformer Fit(Action<TrainerOptions>? change = null, params string[] texts)
    {
        var options = new TrainerOptions
        {
            InitialModel = Causal, MaxSteps = 4, BatchSize = 4, LearningRate = 1e-3, Seed = 3, Device = "cpu",
        };
        change?.Invoke(options);
        return new MLContext(1).MaskedDiffusion().Trainer(options).Fit(
            new MLContext(1).Data.LoadFromEnumerable(TextRow.Make(texts.Length > 0 ? texts : Texts)));
    }

    private static float[] Weight(MaskedDiffusionModel model, string name) =>
        TensorMemory.FloatSpan(model.Network.Parameters[name]).ToArray();

    [ClassCleanup]
    public static void Free() => Causal.Dispose();

    /// <summary>At a learning rate of nearly nothing the result is what the training begins with.</summary>
    [TestMethod]
    public void TheWeightsAreTakenOverAndTheMaskTokenIsTheMeanOfTheEmbeddings()
    {
        using LikelihoodScoringTransformer lm = Fit(o => (o.LearningRate, o.Optimizer.WeightDecay) = (1e-12, 0));
        TransformerConfig config = lm.Model.Config;
        Assert.AreEqual(Causal.Config with { Autoregressive = false, ShiftsLogits = true }, config);
        Assert.IsNull(lm.Model.Network.Attention);
        int size = config.VocabularySize, width = config.EmbeddingSize;
        Assert.AreEqual((size, size + 1), (config.MaskTokenId, config.EmbeddingRowCount));
        foreach (string name in Causal.Network.Parameters.Keys)
        {
            float[] before = Weight(Causal, name), after = Weight(lm.Model, name)[..before.Length];
            // Four steps of at most 1e-12.
            Limit.Below(1e-10f, before.Zip(after, (a, b) => Math.Abs(a - b)).Largest(), name);
        }
        float[] embedding = Weight(Causal, TransformerNetwork.EmbeddingName);
        float[] mask = Weight(lm.Model, TransformerNetwork.EmbeddingName)[^width..];
        for (int i = 0; i < width; i++)
            Assert.AreEqual(Enumerable.Range(0, size).Average(row => (double)embedding[row * width + i]), mask[i], 1e-6);
        string filled = new Infiller(lm.Model).Fill(["the cat[MASK*2] on the"]).Single();
        StringAssert.StartsWith(filled, "the cat");
        StringAssert.EndsWith(filled, " on the");
    }

    [TestMethod]
    public void ATokenThatIsThereCanBeTheMaskToken()
    {
        // One of the ids that fill up the vocabulary: the tokenizer has no text for it.
        TransformerConfig padded = Causal.Config with { VocabularySize = Causal.Config.VocabularySize + 4 };
        using var network = new TransformerNetwork(padded, torch.CPU);
        network.Initialize(1);
        using var model = new MaskedDiffusionModel(network, Causal.Tokenizer);
        int mask = padded.VocabularySize - 2;
        using LikelihoodScoringTransformer lm =
            Fit(o => (o.InitialModel, o.Adaptation.MaskTokenId, o.LearningRate) = (model, mask, 1e-12));
        Assert.AreEqual((mask, padded.VocabularySize), (lm.Model.Config.MaskTokenId, lm.Model.Config.EmbeddingRowCount));
        float[] before = Weight(model, TransformerNetwork.EmbeddingName), after = Weight(lm.Model, TransformerNetwork.EmbeddingName);
        Limit.Below(1e-10f, before.Zip(after, (a, b) => Math.Abs(a - b)).Largest());
        using var folder = new TemporaryFolder();
        lm.Model.Save(folder.File("lm.mdm"));
        using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(folder.File("lm.mdm"), "cpu");
        Assert.AreEqual(lm.Model.Config, loaded.Config);
    }

    [TestMethod]
    public void AWarmStartTrainsTheAutoregressiveModelOnFirst()
    {
        var remarks = new List<string?>();
        using LikelihoodScoringTransformer lm = Fit(o =>
        {
            (o.WarmStart, o.ProgressInterval) = (0.5, 1);
            o.Progress = new Collected<TrainingProgress>(report =>
            {
                if (report.Phase == TrainingPhase.Training)
                    remarks.Add(report.LossRemark);
            });
        });
        CollectionAssert.AreEqual(new[] { "autoregressive", "autoregressive", null, null }, remarks);
        Assert.IsNull(lm.Model.Network.Attention);
    }

    [TestMethod]
    public void AttentionIsUncoveredLittleByLittle()
    {
        var remarks = new List<string?>();
        void Annealed(TrainerOptions o)
        {
            (o.AttentionAnnealing, o.ProgressInterval) = (0.75, 1);
            o.Progress = new Collected<TrainingProgress>(report =>
            {
                if (report.Phase == TrainingPhase.Training)
                    remarks.Add(report.LossRemark);
            });
        }
        using LikelihoodScoringTransformer lm = Fit(Annealed), again = Fit(Annealed), plain = Fit();
        string?[] expected = ["attention not yet full", "attention not yet full", "attention not yet full", null];
        CollectionAssert.AreEqual(expected.Concat(expected).ToArray(), remarks);
        Assert.IsNull(lm.Model.Network.Attention);
        string name = TransformerNetwork.FinalNormName;
        CollectionAssert.AreEqual(Weight(lm.Model, name), Weight(again.Model, name));
        CollectionAssert.AreNotEqual(Weight(lm.Model, name), Weight(plain.Model, name));
    }

    [TestMethod]
    public void AnAnnealingThatHasNothingToAnnealIsRefused()
    {
        void Refused(Action<TrainerOptions> change) => StringAssert.Contains(
            Assert.Throws<ArgumentOutOfRangeException>(() => Fit(change)).Message, "AttentionAnnealing");
        Refused(o => o.AttentionAnnealing = -0.1);
        Refused(o => o.AttentionAnnealing = double.NaN);
        Refused(o => (o.WarmStart, o.AttentionAnnealing) = (0.5, 0.6));
        Refused(o => (o.InitialModel, o.AttentionAnnealing) = (null, 0.5));
        Refused(o => (o.Adaptation.AttentionBlockSize, o.AttentionAnnealing) = (4, 0.5));
        Refused(o => (o.Noise.GapLengthRatio, o.AttentionAnnealing) = (0.2, 0.5));
        Refused(o => (o.MaxSteps, o.Budget.UntilCancelled, o.AttentionAnnealing) = (null, true, 0.5));
    }

    [TestMethod]
    public void ARunResumesAndAnotherAdaptationIsAnotherRun()
    {
        using var folder = new TemporaryFolder();
        using LikelihoodScoringTransformer whole = Fit();
        void Checkpointed(TrainerOptions o) =>
            (o.Checkpoints.Folder, o.Checkpoints.Interval, o.Checkpoints.Resume) = (folder.File("run"), 1, true);
        using var source = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(() => Fit(o =>
        {
            Checkpointed(o);
            (o.ProgressInterval, o.CancellationToken) = (1, source.Token);
            o.Progress = new Collected<TrainingProgress>(report =>
            {
                if (report is { Step: 2, Phase: TrainingPhase.Training })
                    source.Cancel();
            });
        }));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Fit(o =>
        {
            Checkpointed(o);
            o.Adaptation.MaskTokenId = 7;
        })).Message, "Network.MaskTokenId");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Fit(o =>
        {
            Checkpointed(o);
            o.AttentionAnnealing = 0.5;
        })).Message, "AttentionAnnealing");
        using LikelihoodScoringTransformer resumed = Fit(Checkpointed);
        foreach (string name in whole.Model.Network.Parameters.Keys)
            CollectionAssert.AreEqual(Weight(whole.Model, name), Weight(resumed.Model, name), name);
    }

    /// <summary>A masked language model has a mask token among its own, and goes on as a masked diffusion model.</summary>
    [TestMethod]
    public void AMaskedLanguageModelIsTrainedOnAsItIs()
    {
        TransformerConfig config = Causal.Config with { Autoregressive = false, MaskTokenId = 5 };
        using var network = new TransformerNetwork(config, torch.CPU);
        network.Initialize(1);
        using var model = new MaskedDiffusionModel(network, Causal.Tokenizer);
        IDataView held = new MLContext(1).Data.LoadFromEnumerable(TextRow.Make(Texts));
        using LikelihoodScoringTransformer lm = Fit(o =>
        {
            (o.InitialModel, o.MaxSteps, o.LearningRate) = (model, 200, 1e-2);
            (o.ValidationSet, o.Validation.Interval, o.Validation.Samples) = (held, 100, 16);
        });
        Assert.AreEqual(config, lm.Model.Config);
        // The texts are learned by heart; at first every token costs some ln 300 = 5.7 nats.
        Assert.IsGreaterThan(4, lm.TrainingResult!.LossHistory[0].Loss);
        Limit.Below(2, lm.TrainingResult.ValidationLoss!.Value);
    }

    [TestMethod]
    public void WhatCannotBeIsRefused()
    {
        using MaskedDiffusionModel diffusion = TinyModel.Create();
        int end = Causal.Tokenizer.EndOfSequenceId!.Value;
        (string Option, Action<TrainerOptions> Change)[] bad =
        [
            ("Adaptation.MaskTokenId", o => o.Adaptation.MaskTokenId = -1),
            ("Adaptation.MaskTokenId", o => o.Adaptation.MaskTokenId = Causal.Config.VocabularySize),
            ("Adaptation.MaskTokenId", o => o.Adaptation.MaskTokenId = end),
            ("Adaptation.MaskTokenId", o => (o.InitialModel, o.Adaptation.MaskTokenId) = (diffusion, 5)),
            ("Adaptation.ShiftsLogits", o => (o.InitialModel, o.Adaptation.ShiftsLogits) = (null, false)),
        ];
        foreach ((string option, Action<TrainerOptions> change) in bad)
            Assert.AreEqual(option, Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fit(change), option).ParamName);
        Assert.AreEqual("Adaptation.ShiftsLogits", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new AutoregressiveTrainer(
            new MLContext(1), new TrainerOptions { InitialModel = Causal, Adaptation = { ShiftsLogits = false } })).ParamName);
        Assert.AreEqual("InitialModel", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new AutoregressiveTrainer(
            new MLContext(1), new TrainerOptions { InitialModel = diffusion })).ParamName);
    }

    /// <summary>On English text, from documents of this library: what the autoregressive model knows is kept.</summary>
    [TestMethod]
    public void AnAdaptedModelReachesTheBoundOfARandomStartInAFractionOfItsSteps()
    {
        string[] paragraphs =
        [
            .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md").Order(StringComparer.Ordinal)
                .SelectMany(file => File.ReadAllText(file).ReplaceLineEndings("\n").Split("\n\n"))
                .Where(text => text.Length is > 80 and < 2000 && char.IsLetter(text[0])),
        ];
        string[] train = [.. paragraphs.Where((_, i) => i % 10 != 0)], held = [.. paragraphs.Where((_, i) => i % 10 == 0)];
        TokenizerSource tokenizer = TokenizerSource.FromTokenizer(
            TokenizerSource.TrainBytePairEncoding(512).Resolve(() => train, null, CancellationToken.None));
        var ml = new MLContext(1);
        TrainerOptions Options(long steps, MaskedDiffusionModel? initial) => new()
        {
            InitialModel = initial,
            Network = initial?.Config ?? new TransformerConfig
            { LayerCount = 2, HeadCount = 2, EmbeddingSize = 64, FeedForwardSize = 128, ContextLength = 32 },
            Tokenizer = tokenizer,
            MaxSteps = steps,
            BatchSize = 16,
            LearningRate = 4e-3,
            ValidationSet = ml.Data.LoadFromEnumerable(TextRow.Make(held)),
            Validation = { Interval = steps, Samples = 8, MaxBlocks = 200 },
            Seed = 1,
            Device = "cpu",
        };
        IDataView data = ml.Data.LoadFromEnumerable(TextRow.Make(train));
        using LikelihoodScoringTransformer causal = ml.MaskedDiffusion().AutoregressiveTrainer(Options(300, null)).Fit(data);
        double Bound(long steps, MaskedDiffusionModel? initial)
        {
            using LikelihoodScoringTransformer lm = ml.MaskedDiffusion().Trainer(Options(steps, initial)).Fit(data);
            return lm.TrainingResult!.ValidationLoss!.Value;
        }
        // Measured: 4.86 nats a token after 25 steps, and 5.33 after 200 from random weights; the standard errors are 0.06, and of the
        // same blocks.
        double adapted = Bound(25, causal.Model), random = Bound(200, null);
        Limit.Below(random - 0.2, adapted);
    }

    /// <summary>A published autoregressive model, and a published masked language model with a prediction head.</summary>
    [TestMethod]
    [DataRow("a2d-llama", "llama", false)]
    [DataRow("a2d-llama", "llama", true)]
    [DataRow("a2d-qwen3", "qwen3", true)]
    [DataRow("modernbert", null, true)]
    public void PublishedModelsAreTrainedOn(string name, string? causalType, bool shifts)
    {
        using var folder = new PublishedFolder(name);
        if (causalType is not null)
            folder.Edit("config.json", json => (json["model_type"], json["mask_token_id"]) = (causalType, null));
        using MaskedDiffusionModel model = folder.Load(WeightType.Float32);
        Assert.AreEqual(causalType is not null, model.Config.Autoregressive);
        string[] texts = ["w1 w2 w3 w4 w5 w6", "w7 w8 w9 w7 w8 w9 w7"];
        using LikelihoodScoringTransformer lm = Fit(o =>
        {
            (o.InitialModel, o.MaxSteps, o.LearningRate, o.Adaptation.ShiftsLogits) = (model, 60, 1e-2, shifts);
            (o.Rows.PackDocuments, o.ProgressInterval, o.Noise.LossWeighting) = (false, 20, LossWeighting.Uniform);
        }, texts);
        Assert.IsFalse(lm.Model.Config.Autoregressive);
        Assert.AreEqual(causalType is null ? model.Config.MaskTokenId : model.Config.VocabularySize, lm.Model.Config.MaskTokenId);
        // The weights are random, and so a token costs some ln 120 = 4.8 nats at first.
        double[] losses = [.. lm.TrainingResult!.LossHistory.Select(point => point.Loss)];
        Limit.Below(0.7 * losses[0], losses[^1]);
    }
}
