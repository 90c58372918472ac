
namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class MaskedDiffusionTrainerOptionsTests
{
    private static readonly (string Option, Action<MaskedDiffusionTrainer.Options> Spoil, string Value)[] Bad =
    [
        ("TextColumnName", o => o.TextColumnName = " ", "' '"),
        ("TextColumnName", o => o.TextColumnName = null!, "null"),
        ("NegativeLogLikelihoodColumnName", o => o.NegativeLogLikelihoodColumnName = "Text", "'Text'"),
        ("StandardErrorColumnName", o => o.StandardErrorColumnName = "NegativeLogLikelihood", "'NegativeLogLikelihood'"),
        ("TokenCountColumnName", o => o.TokenCountColumnName = "", "''"),
        ("Network", o => o.Network = null!, "null"),
        ("Network.Autoregressive", o => o.Network = o.Network with { Autoregressive = true }, "True"),
        ("Network.ContextLength", o => o.Network = o.Network with { ContextLength = 1 }, "1"),
        ("Tokenizer", o => o.Tokenizer = null!, "null"),
        ("Device", o => o.Device = "", "''"),
        ("Device", o => o.Device = "gpu", "'gpu'"),
        ("NoiseLevels", o => o.NoiseLevels = (NoiseLevels)9, "9"),
        ("LossWeighting", o => o.LossWeighting = (LossWeighting)9, "9"),
        ("MaxSteps", o => o.MaxSteps = 0, "0"),
        ("MaxEpochs", o => o.MaxEpochs = 0, "0"),
        ("MaxEpochs", o => o.MaxEpochs = double.NaN, "NaN"),
        ("MaxTokens", o => o.MaxTokens = -1, "-1"),
        ("MaxFlops", o => o.MaxFlops = double.PositiveInfinity, "Infinity"),
        ("MaxSeconds", o => o.MaxSeconds = -2.5, "-2.5"),
        ("BatchSize", o => o.BatchSize = 0, "0"),
        ("MicroBatchSize", o => o.MicroBatchSize = 3, "3"),
        ("MicroBatchSize", o => o.MicroBatchSize = 0, "0"),
        ("StochasticLengthRatio", o => o.StochasticLengthRatio = -0.5, "-0.5"),
        ("StochasticLengthRatio", o => o.StochasticLengthRatio = 1.5, "1.5"),
        ("StochasticLengthRatio", o => o.StochasticLengthRatio = double.NaN, "NaN"),
        ("LearningRate", o => o.LearningRate = 0, "0"),
        ("LearningRate", o => o.LearningRate = double.NaN, "NaN"),
        ("LearningRate", o => o.LearningRate = 1.5, "1.5"),
        ("MinLearningRateRatio", o => o.MinLearningRateRatio = -0.1, "-0.1"),
        ("MinLearningRateRatio", o => o.MinLearningRateRatio = 1.1, "1.1"),
        ("WarmupSteps", o => o.WarmupSteps = -1, "-1"),
        ("WarmupSteps", o => (o.WarmupSteps, o.MaxSteps) = (11, 10), "11"),
        ("WeightDecay", o => o.WeightDecay = -1, "-1"),
        ("Beta1", o => o.Beta1 = 1, "1"),
        ("Beta2", o => o.Beta2 = -0.5, "-0.5"),
        ("GradientClipNorm", o => o.GradientClipNorm = 0, "0"),
        ("GradientClipNorm", o => o.GradientClipNorm = double.NaN, "NaN"),
        ("ValidationInterval", o => o.ValidationInterval = 0, "0"),
        ("ValidationSamples", o => o.ValidationSamples = 0, "0"),
        ("MaxValidationBlocks", o => o.MaxValidationBlocks = 0, "0"),
        ("EarlyStoppingPatience", o => o.EarlyStoppingPatience = 0, "0"),
        ("EarlyStoppingPatience", o => o.EarlyStoppingPatience = 3, "3"),
        ("ProgressInterval", o => o.ProgressInterval = 0, "0"),
        ("CheckpointFolder", o => o.CheckpointFolder = " ", "' '"),
        ("CheckpointInterval", o => (o.CheckpointFolder, o.CheckpointInterval) = ("runs", 0), "0"),
        ("CheckpointInterval", o => o.CheckpointInterval = 5, "5"),
        ("CheckpointMinutes", o => (o.CheckpointFolder, o.CheckpointMinutes) = ("runs", 0), "0"),
        ("CheckpointMinutes", o => o.CheckpointMinutes = 2.5, "2.5"),
        ("KeepCheckpoints", o => o.KeepCheckpoints = 0, "0"),
        ("Resume", o => o.Resume = true, "True"),
        ("CancelBehavior", o => o.CancelBehavior = (CancelBehavior)7, "7"),
    ];

    public static IEnumerable<object[]> BadOptions => Enumerable.Range(0, Bad.Length).Select(i => new object[] { i, Bad[i].Option });

    [TestMethod]
    [DynamicData(nameof(BadOptions))]
    public void EachBadOptionIsNamedWithItsValue(int index, string name)
    {
        var options = new MaskedDiffusionTrainer.Options();
        Bad[index].Spoil(options);
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MaskedDiffusionTrainer(new MLContext(1), options));
        Assert.AreEqual($"Options.{name}", error.ParamName);
        StringAssert.Contains(error.Message, $"Options.{name} is {Bad[index].Value}; it must be ");
    }

    [TestMethod]
    public void ANetworkWhoseSizesDoNotFitIsRefusedByTheConstructor()
    {
        var options = new MaskedDiffusionTrainer.Options { Network = TransformerConfig.FromPreset("6M") with { HeadCount = 3 } };
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MaskedDiffusionTrainer(new MLContext(1), options));
        StringAssert.Contains(error.Message, "HeadCount");
    }

    [TestMethod]
    public void NullsAreRefused()
    {
        Assert.ThrowsExactly<ArgumentNullException>(() => new MaskedDiffusionTrainer(null!, new MaskedDiffusionTrainer.Options()));
        Assert.ThrowsExactly<ArgumentNullException>(() => new MaskedDiffusionTrainer(new MLContext(1), null!));
    }

    [TestMethod]
    public void DefaultsAreAsDocumentedAndValid()
    {
        var options = new MaskedDiffusionTrainer.Options();
        Assert.AreEqual("Text", options.TextColumnName);
        Assert.AreEqual(("Diff_LLaMA_6M", 256), (options.Network.Name, options.Network.ContextLength));
        Assert.AreEqual((16, 1e-3, 0.1, 0.1), (options.BatchSize, options.LearningRate, options.MinLearningRateRatio, options.WeightDecay));
        Assert.AreEqual((0.9, 0.95, 1.0), (options.Beta1, options.Beta2, options.GradientClipNorm));
        Assert.AreEqual((200L, 2, 64, 10L), (options.ValidationInterval, options.ValidationSamples, options.MaxValidationBlocks, options.ProgressInterval));
        Assert.AreEqual(0, options.StochasticLengthRatio);
        Assert.AreEqual(("auto", CancelBehavior.Throw), (options.Device, options.CancelBehavior));
        Assert.IsNotNull(new MaskedDiffusionTrainer(new MLContext(1), options));
    }

    [TestMethod]
    public void ACloneHasEveryPropertyOfTheOriginal()
    {
        var options = new MaskedDiffusionTrainer.Options { MaxSteps = 3, MaxEpochs = 2, Seed = 5, BatchSize = 32, Device = "cpu", TokenCountColumnName = "N" };
        MaskedDiffusionTrainer.Options clone = options.Clone();
        Assert.AreNotSame(options, clone);
        foreach (var property in typeof(MaskedDiffusionTrainer.Options).GetProperties())
            Assert.AreEqual(property.GetValue(options), property.GetValue(clone), property.Name);
        clone.BatchSize = 1;
        Assert.AreEqual(32, options.BatchSize);
    }
}
