
namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class MaskedDiffusionTrainerOptionsTests
{
    private static readonly (string Option, Action<TrainerOptions> Spoil, string Value)[] Bad =
    [
        ("TextColumnName", o => o.TextColumnName = " ", "' '"),
        ("TextColumnName", o => o.TextColumnName = null!, "null"),
        ("Outputs.NegativeLogLikelihoodColumnName", o => o.Outputs.NegativeLogLikelihoodColumnName = "Text", "'Text'"),
        ("Outputs.StandardErrorColumnName", o => o.Outputs.StandardErrorColumnName = "NegativeLogLikelihood", "'NegativeLogLikelihood'"),
        ("Outputs.TokenCountColumnName", o => o.Outputs.TokenCountColumnName = "", "''"),
        ("Network", o => o.Network = null!, "null"),
        ("Network.Autoregressive", o => o.Network = o.Network with { Autoregressive = true }, "true"),
        ("Network.ContextLength", o => o.Network = o.Network with { ContextLength = 1 }, "1"),
        ("Tokenizer", o => o.Tokenizer = null!, "null"),
        ("Device", o => o.Device = "", "''"),
        ("Device", o => o.Device = "gpu", "'gpu'"),
        ("Noise.Levels", o => o.Noise.Levels = (NoiseLevels)9, "9"),
        ("Noise.LossWeighting", o => o.Noise.LossWeighting = (LossWeighting)9, "9"),
        ("MaxSteps", o => o.MaxSteps = 0, "0"),
        ("Budget.MaxEpochs", o => o.Budget.MaxEpochs = 0, "0"),
        ("Budget.MaxEpochs", o => o.Budget.MaxEpochs = double.NaN, "NaN"),
        ("Budget.MaxTokens", o => o.Budget.MaxTokens = -1, "-1"),
        ("Budget.MaxFlops", o => o.Budget.MaxFlops = double.PositiveInfinity, "Infinity"),
        ("Budget.MaxSeconds", o => o.Budget.MaxSeconds = -2.5, "-2.5"),
        ("BatchSize", o => o.BatchSize = 0, "0"),
        ("Compute.MicroBatchSize", o => o.Compute.MicroBatchSize = 3, "3"),
        ("Compute.MicroBatchSize", o => o.Compute.MicroBatchSize = 0, "0"),
        ("Noise.StochasticLengthRatio", o => o.Noise.StochasticLengthRatio = -0.5, "-0.5"),
        ("Noise.StochasticLengthRatio", o => o.Noise.StochasticLengthRatio = 1.5, "1.5"),
        ("Noise.StochasticLengthRatio", o => o.Noise.StochasticLengthRatio = double.NaN, "NaN"),
        ("LearningRate", o => o.LearningRate = 0, "0"),
        ("LearningRate", o => o.LearningRate = double.NaN, "NaN"),
        ("LearningRate", o => o.LearningRate = 1.5, "1.5"),
        ("Optimizer.MinLearningRateRatio", o => o.Optimizer.MinLearningRateRatio = -0.1, "-0.1"),
        ("Optimizer.MinLearningRateRatio", o => o.Optimizer.MinLearningRateRatio = 1.1, "1.1"),
        ("Optimizer.WarmupSteps", o => o.Optimizer.WarmupSteps = -1, "-1"),
        ("Optimizer.WarmupSteps", o => (o.Optimizer.WarmupSteps, o.MaxSteps) = (11, 10), "11"),
        ("Optimizer.WeightDecay", o => o.Optimizer.WeightDecay = -1, "-1"),
        ("Optimizer.Beta1", o => o.Optimizer.Beta1 = 1, "1"),
        ("Optimizer.Beta2", o => o.Optimizer.Beta2 = -0.5, "-0.5"),
        ("Optimizer.GradientClipNorm", o => o.Optimizer.GradientClipNorm = 0, "0"),
        ("Optimizer.GradientClipNorm", o => o.Optimizer.GradientClipNorm = double.NaN, "NaN"),
        ("Validation.Interval", o => o.Validation.Interval = 0, "0"),
        ("Validation.Samples", o => o.Validation.Samples = 0, "0"),
        ("Validation.MaxBlocks", o => o.Validation.MaxBlocks = 0, "0"),
        ("Validation.EarlyStoppingPatience", o => o.Validation.EarlyStoppingPatience = 0, "0"),
        ("Validation.EarlyStoppingPatience", o => o.Validation.EarlyStoppingPatience = 3, "3"),
        ("ProgressInterval", o => o.ProgressInterval = 0, "0"),
        ("Checkpoints.Folder", o => o.Checkpoints.Folder = " ", "' '"),
        ("Checkpoints.Interval", o => (o.Checkpoints.Folder, o.Checkpoints.Interval) = ("runs", 0), "0"),
        ("Checkpoints.Interval", o => o.Checkpoints.Interval = 5, "5"),
        ("Checkpoints.Minutes", o => (o.Checkpoints.Folder, o.Checkpoints.Minutes) = ("runs", 0), "0"),
        ("Checkpoints.Minutes", o => o.Checkpoints.Minutes = 2.5, "2.5"),
        ("Checkpoints.Keep", o => o.Checkpoints.Keep = 0, "0"),
        ("Checkpoints.TokenFolder", o => (o.Checkpoints.Folder, o.Checkpoints.TokenFolder) = ("runs", "./runs/"), "'./runs/'"),
        ("Checkpoints.Resume", o => o.Checkpoints.Resume = true, "true"),
        ("CancelBehavior", o => o.CancelBehavior = (CancelBehavior)7, "7"),
    ];

    public static IEnumerable<object[]> BadOptions => Enumerable.Range(0, Bad.Length).Select(i => new object[] { i, Bad[i].Option });

    [TestMethod]
    [DynamicData(nameof(BadOptions))]
    public void EachBadOptionIsNamedWithItsValue(int index, string name)
    {
        var options = new TrainerOptions();
        Bad[index].Spoil(options);
        string value = Bad[index].Value;
        var error = Assert.Throws<ArgumentException>(() => new MaskedDiffusionTrainer(new MLContext(1), options));
        bool namesSomething = name.EndsWith("ColumnName", StringComparison.Ordinal) || name.EndsWith("Folder", StringComparison.Ordinal);
        Type expected = namesSomething ? typeof(ArgumentException) : value == "null"
            ? typeof(ArgumentNullException) : typeof(ArgumentOutOfRangeException);
        Assert.AreEqual(expected, error.GetType());
        Assert.AreEqual(name, error.ParamName);
        bool isRepeated = namesSomething && error.Message.Contains("name of its own", StringComparison.Ordinal);
        StringAssert.Contains(error.Message, isRepeated
            ? $"{name} are both {value}; give each column a name of its own" : $"Option {name} is {value}; it must be ");
    }

    [TestMethod]
    public void ANetworkWhoseSizesDoNotFitIsRefusedByTheConstructor()
    {
        var options = new TrainerOptions { Network = TransformerConfig.FromPreset("6M") with { HeadCount = 3 } };
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MaskedDiffusionTrainer(new MLContext(1), options));
        StringAssert.Contains(error.Message, "HeadCount");
    }

    [TestMethod]
    public void NullsAreRefused()
    {
        Assert.ThrowsExactly<ArgumentNullException>(() => new MaskedDiffusionTrainer(null!, new TrainerOptions()));
        Assert.ThrowsExactly<ArgumentNullException>(() => new MaskedDiffusionTrainer(new MLContext(1), null!));
    }

    [TestMethod]
    public void DefaultsAreAsDocumentedAndValid()
    {
        var options = new TrainerOptions();
        Assert.AreEqual("Text", options.TextColumnName);
        Assert.AreEqual(("Diff_LLaMA_6M", 256), (options.Network.Name, options.Network.ContextLength));
        Assert.AreEqual((16, 1e-3, 0.1, 0.1), (options.BatchSize, options.LearningRate, options.Optimizer.MinLearningRateRatio,
            options.Optimizer.WeightDecay));
        Assert.AreEqual((0.9, 0.95, 1.0), (options.Optimizer.Beta1, options.Optimizer.Beta2, options.Optimizer.GradientClipNorm));
        Assert.AreEqual((200L, 2, 64, 10L), (options.Validation.Interval, options.Validation.Samples, options.Validation.MaxBlocks,
            options.ProgressInterval));
        Assert.AreEqual(0, options.Noise.StochasticLengthRatio);
        Assert.AreEqual(("auto", CancelBehavior.Throw), (options.Device, options.CancelBehavior));
        // The defaults are taken as they are.
        _ = new MaskedDiffusionTrainer(new MLContext(1), options);
    }

    [TestMethod]
    public void ACloneHasEveryPropertyOfTheOriginal()
    {
        var options = new TrainerOptions
        {
            MaxSteps = 3, Budget = { MaxEpochs = 2 }, Seed = 5, BatchSize = 32, Device = "cpu",
            Outputs = { TokenCountColumnName = "N" }, Adaptation = { MaskTokenId = 4 }, Lora = new LoraOptions { Targets = ["attn.proj"] },
        };
        TrainerOptions clone = options.Clone();
        Assert.AreNotSame(options, clone);
        foreach (var property in typeof(TrainerOptions).GetProperties())
        {
            object? original = property.GetValue(options), copied = property.GetValue(clone);
            if (!property.PropertyType.Name.EndsWith("Options", StringComparison.Ordinal))
            {
                Assert.AreEqual(original, copied, property.Name);
                continue;
            }
            Assert.AreNotSame(original, copied, $"the group {property.Name} is a copy of its own");
            foreach (var member in property.PropertyType.GetProperties())
            {
                object? value = member.GetValue(original), other = member.GetValue(copied);
                if (value is IReadOnlyList<string> list)
                    CollectionAssert.AreEqual(list.ToArray(), ((IReadOnlyList<string>)other!).ToArray(), member.Name);
                else
                    Assert.AreEqual(value, other, $"{property.Name}.{member.Name}");
            }
        }
        clone.BatchSize = 1;
        clone.Budget.MaxEpochs = 9;
        Assert.AreEqual((32, 2.0), (options.BatchSize, options.Budget.MaxEpochs));
    }

    [TestMethod]
    public void APresetsNameStandsForItsNetwork()
    {
        var options = new TrainerOptions { Network = "19M" };
        Assert.AreEqual(TransformerConfig.FromPreset("19M"), options.Network);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => options.Network = "20M").Message, "19M");
    }
}
