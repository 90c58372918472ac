using Microsoft.ML.MaskedDiffusion.Diffusion.Generation;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The tokens of a text that is being written.</summary>
[TestClass]
public sealed class WrittenTokensTests
{
    [TestMethod]
    public void ACancelledTextHasNothingBehindItsEnd()
    {
        using MaskedDiffusionModel model = TinyModel.Create();
        int end = model.Tokenizer.EndOfSequenceId!.Value;
        var plan = new GenerationPlan(new GenerationOptions { MaxNewTokens = 6 }.Clone(), model.Tokenizer, 24, model.Config.MaskTokenId,
            new GapVocabulary(model.Tokenizer, model.Config.VocabularySize), null);
        var written = new WrittenTokens(plan, "the", 1);
        GeneratedToken[] standing = [written.Token(5, 0.5, 1), written.Token(end, 0.25, 2), written.Token(6, 0.125, 3)];
        GeneratedText text = written.Result(standing);
        Assert.AreEqual(FinishReason.Cancelled, text.FinishReason);
        CollectionAssert.AreEqual(standing[..2], text.Tokens.ToArray());
        Assert.AreEqual(Math.Log(0.5 * 0.25), text.LogProbability, 1e-15, "a sum of two logarithms");
    }
}
