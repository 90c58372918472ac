namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TrainingRecipesTests
{
    [TestMethod]
    [DataRow(0.1, 1, 3, 128, DisplayName = "seconds of a core")]
    [DataRow(5, 2, 3, 128, DisplayName = "what it was measured with")]
    [DataRow(320, 2, 6, 256, DisplayName = "64 times the compute")]
    [DataRow(1e6, 64, 12, 512, DisplayName = "the most")]
    public void TheNetworkGrowsWithTheBudget(double minutes, int cores, int layers, int width)
    {
        TrainerOptions options = TrainingRecipes.Fast(minutes, cores);
        TransformerConfig network = options.Network;
        Assert.AreEqual((layers, width, 4 * width, 32),
            (network.LayerCount, network.EmbeddingSize, network.FeedForwardSize, network.EmbeddingSize / network.HeadCount));
        Assert.AreEqual(4.5e-3 * 128 / width, options.LearningRate, 1e-12);
        Assert.IsTrue(network.TiesEmbeddings);
        Assert.AreEqual(minutes * 60, options.Budget.MaxSeconds!.Value, 1e-9);
    }

    [TestMethod]
    public void ParametersGrowAsTheRootOfTheCompute()
    {
        static double Parameters(double minutes) => TrainingRecipes.Fast(minutes, 1).Network.NonEmbeddingParameterCount;
        // A width is a multiple of 32 and a depth a whole number, so between steps there are fewer.
        for (double minutes = 10; minutes < 20_000; minutes *= 1.3)
        {
            double ratio = Parameters(minutes) / Parameters(10) / Math.Sqrt(minutes / 10);
            Assert.IsTrue(ratio is > 0.45 and < 1.01, $"{minutes} minutes: {ratio}");
            Assert.IsGreaterThanOrEqualTo(Parameters(minutes / 1.3), Parameters(minutes));
        }
    }

    [TestMethod]
    [DataRow(1L, 1024)]
    [DataRow(1L << 18, 2048)]
    [DataRow(1L << 19, 4096)]
    [DataRow((1L << 20) - 1, 4096)]
    [DataRow(1L << 20, 8192)]
    [DataRow(1_115_394L, 8192)]
    [DataRow(1L << 50, 8192)]
    [DataRow(null, 8192)]
    public void TheVocabularyGrowsWithTheText(long? bytes, int size)
    {
        TrainerOptions options = TrainingRecipes.Fast(corpusBytes: bytes);
        Assert.AreEqual(size, options.Network.VocabularySize);
        Assert.AreEqual(TokenizerSource.TrainBytePairEncoding(size).Describe(), options.Tokenizer.Describe());
    }

    [TestMethod]
    public void OnlyTheRecipeChangesThePapersOptimizer()
    {
        OptimizerOptions recipe = TrainingRecipes.Fast().Optimizer, published = new TrainerOptions().Optimizer;
        Assert.AreEqual((0.99, 0.95), (recipe.Beta2, published.Beta2));
        recipe.Beta2 = published.Beta2;
        foreach (System.Reflection.PropertyInfo property in typeof(OptimizerOptions).GetProperties())
            Assert.AreEqual(property.GetValue(published), property.GetValue(recipe), property.Name);
    }

    [TestMethod]
    public void AStepHasAsManyTokensInAnyContext()
    {
        for (int context = 8; context <= 512; context++)
        {
            TrainerOptions options = TrainingRecipes.Fast(contextLength: context);
            Assert.AreEqual(context, options.Network.ContextLength);
            Assert.AreEqual(864, options.BatchSize * context, context / 2.0 + 1, $"context {context}");
        }
        Assert.AreEqual(1, TrainingRecipes.Fast(contextLength: 4096).BatchSize);
    }

    [TestMethod]
    public void WhatCannotBeIsRefused()
    {
        foreach ((string name, Action call) in new (string, Action)[]
        {
            ("minutes", () => TrainingRecipes.Fast(0)), ("minutes", () => TrainingRecipes.Fast(double.NaN)),
            ("minutes", () => TrainingRecipes.Fast(double.PositiveInfinity)), ("cores", () => TrainingRecipes.Fast(cores: 0)),
            ("corpusBytes", () => TrainingRecipes.Fast(corpusBytes: 0)), ("contextLength", () => TrainingRecipes.Fast(contextLength: 7)),
            ("contextLength", () => TrainingRecipes.Fast(contextLength: 4097)),
        })
        {
            Assert.AreEqual(name, Assert.ThrowsExactly<ArgumentOutOfRangeException>(call).ParamName);
        }
    }

    [TestMethod]
    public void ATrainerWithoutOptionsTakesIt()
    {
        var ml = new MLContext(1);
        IDataView rows = ml.Data.LoadFromEnumerable(TextRow.Make("the cat sat on the mat", "a small bird sang in the old tree"));
        using LikelihoodScoringTransformer lm = ml.MaskedDiffusion().Trainer(maxSteps: 2).Fit(rows);
        TransformerConfig network = TrainingRecipes.Fast(5, 2).Network;
        Assert.AreEqual(network with { VocabularySize = lm.Model.Tokenizer.VocabularySize }, lm.Model.Config);
        Assert.AreEqual(2, lm.TrainingResult!.Steps);
        using LikelihoodScoringTransformer own = ml.MaskedDiffusion().Trainer(network: new TransformerConfig
        {
            Name = "own", LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 32, ContextLength = 16,
        }, maxSteps: 1).Fit(rows);
        Assert.AreEqual(16, own.Model.Config.EmbeddingSize);
    }
}
