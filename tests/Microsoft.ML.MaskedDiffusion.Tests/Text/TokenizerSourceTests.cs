using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Tests.Text;

[TestClass]
public sealed class TokenizerSourceTests
{
    [TestMethod]
    public void TrainingReadsTheCorpus()
    {
        TextTokenizer tokenizer = TokenizerSource.TrainBytePairEncoding(300).Resolve(() => Corpora.Documents(2, 50), null, CancellationToken.None);
        Assert.AreEqual(300, tokenizer.VocabularySize);
        Assert.AreEqual(4096, TokenizerSource.TrainBytePairEncoding().VocabularySize);
    }

    [TestMethod]
    public void AGivenTokenizerReadsNoCorpus()
    {
        TokenizerSource source = TokenizerSource.FromTokenizer(Corpora.ByteLevel);
        Assert.AreSame(Corpora.ByteLevel, source.Resolve(() => throw new AssertFailedException("the corpus was asked for"), null, CancellationToken.None));
        Assert.AreEqual(400, source.VocabularySize);
        Assert.Throws<ArgumentNullException>(() => TokenizerSource.FromTokenizer(null!));
    }
}
