namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A mask token that is one of the tokenizer's.</summary>
[TestClass]
public sealed class MaskTokenTests
{
    [TestMethod]
    [DataRow(273, "MaskTokenId is 273; it must be no token that begins or ends a text")]
    [DataRow(275, "MaskTokenId is 275; it must be an id of the tokenizer, 0 to 273, or 274, the network's own")]
    public void OneThatCannotBeOneIsRefused(int id, string says)
    {
        var ml = new MLContext(1);
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fit(ml, id)).Message;
        StringAssert.Contains(message, says);
    }

    [TestMethod]
    public void TheNetworksOwnMayBeNamed()
    {
        using LikelihoodScoringTransformer lm = Fit(new MLContext(1), 274);
        Assert.AreEqual((274, 274), (lm.Model.Config.MaskTokenId, lm.Model.Config.VocabularySize));
    }

    [TestMethod]
    public void OneThatTextsHaveIsWarnedOf()
    {
        var ml = new MLContext(1);
        List<string> warnings = Warnings.Of(ml);
        using LikelihoodScoringTransformer lm = Fit(ml, 97);
        Assert.AreEqual(97, lm.Model.Config.MaskTokenId);
        Assert.Contains(warning => warning.Contains("The mask token 97 is a token of texts, '", StringComparison.Ordinal), warnings);
    }

    private static LikelihoodScoringTransformer Fit(MLContext ml, int maskTokenId) => ml.MaskedDiffusion().Trainer(new TrainerOptions
    {
        Network = TinySearch.Network(16) with { VocabularySize = 301, MaskTokenId = maskTokenId },
        Tokenizer = TokenizerSource.TrainBytePairEncoding(300),
        MaxSteps = 1,
        BatchSize = 2,
        Device = "cpu",
    }).Fit(ml.Data.LoadFromEnumerable(TextRow.Make(string.Concat(Enumerable.Range(0, 60).Select(i => $"the cat {i} sat on the mat; ")))));
}
