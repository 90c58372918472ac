namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>How long texts are where nobody says it, and how the steps are shared among the blocks of long ones.</summary>
[TestClass]
public sealed class TextLengthTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create(7);

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    [TestMethod]
    [DataRow(8, 4, 4)]
    [DataRow(16, 8, 8)]
    [DataRow(32, 8, 8)]
    [DataRow(40, 8, 10)]
    public void BlocksShareTheSteps(int tokens, int steps, int expected)
    {
        // Blocks of 4 in a context of 24: the first text fits, the others slide. The share is rounded up.
        var options = new GenerationOptions
        {
            MaxNewTokens = tokens,
            MinNewTokens = tokens,
            Sampling = new SamplingOptions { BlockLength = 4, Steps = steps },
        };
        GeneratedText text = new TextGenerator(Model, options).Generate("the cat sat on the mat and the dog lay");
        Assert.AreEqual((tokens, expected), (text.Tokens.Count, text.StepCount));
    }

    [TestMethod]
    public void WithoutANumberOfTokensATextFitsTheModel()
    {
        Assert.AreEqual(12, new TextGenerator(Model).MaxNewTokens);
        Assert.IsTrue(new TextGenerator(Model).Generate("the cat").Tokens.Count <= 12);
        Assert.AreEqual(20, new TextGenerator(Model, new GenerationOptions { MinNewTokens = 20 }).MaxNewTokens);
        Assert.AreEqual(128, new TextGenerator(Model, new GenerationOptions { Sampling = { BlockLength = 4 } }).MaxNewTokens);
        Assert.AreEqual(200, new TextGenerator(Model, new GenerationOptions { MaxNewTokens = 200 }).MaxNewTokens);
        using MaskedDiffusionModel wide = TinyChatModel.Create();
        Assert.AreEqual(128, new TextGenerator(wide).MaxNewTokens);
    }
}
