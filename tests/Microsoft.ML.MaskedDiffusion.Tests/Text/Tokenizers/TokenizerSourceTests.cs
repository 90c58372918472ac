
namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TokenizerSourceTests
{
    [TestMethod]
    public void TrainingReadsTheCorpus()
    {
        TextTokenizer tokenizer =
            TokenizerSource.TrainBytePairEncoding(300).Resolve(() => Corpora.Documents(2, 50), null, CancellationToken.None);
        Assert.AreEqual(300, tokenizer.VocabularySize);
        Assert.Contains("encoding of 4096 tokens", TokenizerSource.TrainBytePairEncoding().Describe());
    }

    [TestMethod]
    public void AGivenTokenizerReadsNoCorpus()
    {
        TokenizerSource source = TokenizerSource.FromTokenizer(Corpora.ByteLevel);
        Assert.AreSame(
            Corpora.ByteLevel,
            source.Resolve(() => throw new AssertFailedException("the corpus was asked for"), null, CancellationToken.None));
        Assert.AreEqual(400, source.Known!.VocabularySize);
        Assert.Throws<ArgumentNullException>(() => TokenizerSource.FromTokenizer((TextTokenizer)null!));
    }

    [TestMethod]
    public void ByteTokensAreTheBytesOfTheText()
    {
        TextTokenizer tokenizer = TokenizerSource.Bytes()
            .Resolve(() => throw new AssertFailedException("the corpus was asked for"), null, CancellationToken.None);
        Assert.AreEqual(257, tokenizer.VocabularySize);
        Assert.AreEqual(256, tokenizer.EndOfSequenceId);
        const string text = "Wherefore art thou?\n\n  naïve \t 日本 <|endoftext|>";
        CollectionAssert.AreEqual(System.Text.Encoding.UTF8.GetBytes(text).Select(value => (int)value).ToArray(), tokenizer.Encode(text));
        Assert.AreEqual(text, tokenizer.Decode(tokenizer.Encode(text)));
        Assert.AreEqual(text, TextTokenizer.FromFiles(tokenizer.Files).Decode(tokenizer.Encode(text)), "a saved model carries it");
    }
}
