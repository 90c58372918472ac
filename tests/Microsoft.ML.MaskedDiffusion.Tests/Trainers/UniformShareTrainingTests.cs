using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Models trained with hybrid noise, which see wrong tokens in training.</summary>
[TestClass]
public sealed class UniformShareTrainingTests
{
    // Ten letters of the alphabet, one after the other: each letter says what all others are.
    private static readonly string[] Alphabet = [.. Enumerable.Range(0, 17).Select(first => new string(
        [.. Enumerable.Range(first, 10).Select(i => (char)('a' + i))]))];

    private static IDataView View(IEnumerable<string> texts) =>
        new MLContext(1).Data.LoadFromEnumerable(texts.Select(text => new TextRow { Text = text }).ToList());

    private static TrainerOptions Options(double share) => new()
    {
        Network = new TransformerConfig
        {
            Name = "letters", LayerCount = 2, HeadCount = 2, EmbeddingSize = 48, FeedForwardSize = 96, ContextLength = 16,
        },
        Tokenizer = TokenizerSource.Bytes(),
        Rows = { PackDocuments = false },
        Noise = { UniformShare = share, LossWeighting = share > 0 ? LossWeighting.Dynamic : LossWeighting.Uniform },
        MaxSteps = 4,
        BatchSize = 32,
        LearningRate = 4e-3,
        Seed = 3,
        Device = "cpu",
    };

    private static LikelihoodScoringTransformer Fit(double share, Action<TrainerOptions>? change = null)
    {
        TrainerOptions options = Options(share);
        change?.Invoke(options);
        return new MLContext(1).MaskedDiffusion().Trainer(options).Fit(View(Enumerable.Repeat(Alphabet, 8).SelectMany(texts => texts)));
    }

    // The share of planted wrong letters after whose correction the text is the true one.
    private static double Repaired(MaskedDiffusionModel model)
    {
        TextTokenizer tokenizer = model.Tokenizer;
        int end = tokenizer.EndOfSequenceId!.Value;
        var random = new Random(5);
        List<int[]> truths = [], wrongs = [];
        foreach (string text in Enumerable.Repeat(Alphabet, 6).SelectMany(texts => texts))
        {
            int[] truth = [end, .. tokenizer.Encode(text), end], wrong = [.. truth];
            int at = 1 + random.Next(text.Length);
            int[] letters = tokenizer.Encode("abcdefghijklmnopqrstuvwxyz");
            while (wrong[at] == truth[at])
                wrong[at] = letters[random.Next(letters.Length)];
            truths.Add(truth);
            wrongs.Add(wrong);
        }
        var infiller = new Infiller(model, new SamplingOptions { SelfCorrectionSteps = 8 });
        return infiller.Correct(wrongs).Zip(truths).Average(pair => pair.First.AsSpan().SequenceEqual(pair.Second) ? 1.0 : 0);
    }

    [TestMethod]
    public void AModelLearnsToRepairWrongTokens()
    {
        using LikelihoodScoringTransformer hybrid = Fit(0.3, o =>
        {
            (o.MaxSteps, o.Validation.Interval, o.ValidationSet) = (500, 100, View(Alphabet));
        });
        using LikelihoodScoringTransformer masked = Fit(0, o => o.MaxSteps = 500);
        double[] measured = [.. hybrid.TrainingResult!.ValidationHistory.Select(point => point.Loss)];
        Limit.Below(0.5 * measured[0], measured[^1], "the bound falls");
        // A text has ln 17 nats, and its eleven learned tokens share them: no bound is below that.
        Assert.IsGreaterThan(Math.Log(17) / 11, measured[^1] + 4 * hybrid.TrainingResult.ValidationStandardError!.Value);
        double one = Repaired(hybrid.Model), other = Repaired(masked.Model);
        Assert.IsGreaterThan(0.8, one);
        Assert.IsGreaterThan(other + 0.3, one, $"a model trained with masks alone repairs {other:P0}");
        // It fills masked tokens as any other.
        Assert.AreEqual("cdefghij", new Infiller(hybrid.Model).Fill("cd[MASK]fg[MASK*2]j"));
    }

    [TestMethod]
    public void TheModelRemembersItsShareAndGoesOnWithIt()
    {
        using LikelihoodScoringTransformer lm = Fit(0.2, o => o.WarmStart = 0.5);
        Assert.AreEqual(0.2, lm.Model.Config.UniformShare);
        using var folder = new TemporaryFolder();
        lm.Model.Save(folder.File("model.mdm"));
        using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(folder.File("model.mdm"));
        Assert.AreEqual(lm.Model.Config, loaded.Config);
        void GoOn(TrainerOptions o)
        {
            (o.Network, o.Tokenizer) = (TrainerOptions.DefaultNetwork, TrainerOptions.DefaultTokenizer);
            o.InitialModel = loaded;
        }
        using LikelihoodScoringTransformer again = Fit(0.2, GoOn);
        Assert.AreEqual(loaded.Config, again.Model.Config);
        ArgumentOutOfRangeException refused = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fit(0, GoOn));
        StringAssert.Contains(refused.Message, "Noise.UniformShare is 0; it must be 0.2");
        // The recipes go on with it as it is.
        foreach (Func<TrainerOptions> recipe in (Func<TrainerOptions>[])
            [() => FineTuningRecipes.ShareGpt(loaded), () => FineTuningRecipes.Gsm8k(loaded), () => FineTuningRecipes.Reversal(loaded)])
            new MLContext().MaskedDiffusion().Trainer(recipe());
    }

    [TestMethod]
    public void ARunStoppedAndResumedEndsWithTheSameBits()
    {
        using var folder = new TemporaryFolder();
        using LikelihoodScoringTransformer whole = Fit(0.2);
        using var source = new CancellationTokenSource();
        void Checkpointed(TrainerOptions o)
        {
            (o.Checkpoints.Folder, o.Checkpoints.Interval, o.Checkpoints.Resume) = (folder.File("run"), 1, true);
            o.ProgressInterval = 1;
        }
        Assert.ThrowsExactly<OperationCanceledException>(() => Fit(0.2, o =>
        {
            Checkpointed(o);
            (o.Progress, o.CancellationToken) = (new Collected<TrainingProgress>(
                report => { if (report is { Step: 2, Phase: TrainingPhase.Training }) source.Cancel(); }), source.Token);
        }));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Fit(0.1, Checkpointed)).Message,
            "UniformShare: 0.2 in the checkpoint, 0.1 now");
        using LikelihoodScoringTransformer resumed = Fit(0.2, Checkpointed);
        CollectionAssert.AreEqual(Weights(whole.Model), Weights(resumed.Model));

        static float[] Weights(MaskedDiffusionModel model) =>
            [.. model.Network.Parameters.Values.SelectMany(weights => weights.data<float>().ToArray())];
    }

    [TestMethod]
    public void WhatCannotBeIsRefused()
    {
        (string Option, double Share, Action<TrainerOptions> Change)[] bad =
        [
            ("Noise.UniformShare", 0.2, o => o.Noise.GapLengthRatio = 0.5),
            ("Noise.LossWeighting", 0.2, o => o.Noise.LossWeighting = LossWeighting.Uniform),
            ("Noise.LossWeighting", 0, o => o.Noise.LossWeighting = LossWeighting.Dynamic),
            ("Noise.LossWeighting", 0, o => o.Noise.LossWeighting = LossWeighting.Clipped),
            ("Network.UniformShare", 0.2, o => o.Network = o.Network with { UniformShare = 0.2 }),
        ];
        foreach ((string option, double share, Action<TrainerOptions> change) in bad)
            Assert.AreEqual(option, Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fit(share, change)).ParamName);
        Assert.AreEqual("Noise.UniformShare", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new AutoregressiveTrainer(
            new MLContext(1), new TrainerOptions { Noise = { UniformShare = 0.5 } })).ParamName);
    }
}
