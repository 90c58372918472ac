using Microsoft.ML.Tokenizers;

namespace StandIns.Tests.Tokenizers;

[TestClass]
public sealed class SentencePieceTokenizerTests
{
    [TestMethod]
    public void NeighboursMergeByScore()
    {
        SentencePieceModelBuilder model = Model();
        SentencePieceTokenizer tokenizer = Create(model, addBeginning: false);
        // _ h e l l o: he (-1), then ll (-2), then hell (-3); nothing joins hell and o. World: wo (-4) comes before or (-5).
        CollectionAssert.AreEqual(Ids(model, "▁", "hell", "o"), tokenizer.EncodeToIds("hello").ToArray());
        CollectionAssert.AreEqual(Ids(model, "▁", "wo", "r"), tokenizer.EncodeToIds("wor").ToArray());
        CollectionAssert.AreEqual(Ids(model, "▁", "or", "▁", "hell"), tokenizer.EncodeToIds("or hell").ToArray());
    }

    [TestMethod]
    public void BeginningAndEndAreAddedWhenAskedFor()
    {
        SentencePieceModelBuilder model = Model();
        SentencePieceTokenizer tokenizer = Create(model, addBeginning: true);
        Assert.AreEqual((1, 2, 0), (tokenizer.BeginningOfSentenceId, tokenizer.EndOfSentenceId, tokenizer.UnknownId));
        CollectionAssert.AreEqual((int[])[1, .. Ids(model, "▁", "he")], tokenizer.EncodeToIds("he").ToArray());
        CollectionAssert.AreEqual((int[])[.. Ids(model, "▁", "he"), 2], tokenizer.EncodeToIds("he", false, true).ToArray());
    }

    [TestMethod]
    public void ACharacterWithoutAPieceBecomesItsBytesOrTheUnknownToken()
    {
        SentencePieceModelBuilder bytes = Model(), plain = Model(bytes: false);
        CollectionAssert.AreEqual(Ids(bytes, "▁", "he", "<0xC3>", "<0xA9>"), Create(bytes, false).EncodeToIds("heé").ToArray());
        CollectionAssert.AreEqual(Ids(bytes, "▁", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>"), Create(bytes, false).EncodeToIds("😀").ToArray());
        CollectionAssert.AreEqual((int[])[.. Ids(plain, "▁", "he"), 0], Create(plain, false).EncodeToIds("heé").ToArray());
    }

    [TestMethod]
    public void AnUnusedPieceFallsBackToItsHalves()
    {
        SentencePieceModelBuilder model = Model(hell: SentencePieceModelBuilder.Unused);
        CollectionAssert.AreEqual(Ids(model, "▁", "he", "ll", "o"), Create(model, false).EncodeToIds("hello").ToArray());
    }

    [TestMethod]
    public void DecodingUndoesEncoding()
    {
        SentencePieceTokenizer tokenizer = Create(Model(), addBeginning: true);
        foreach (string text in (string[])["hello wor", " hell", "o  o", "héllo 😀 日本"])
            Assert.AreEqual(text, tokenizer.Decode(tokenizer.EncodeToIds(text)));
    }

    [TestMethod]
    public void WithoutNormalizationTheTextIsTakenAsItIs()
    {
        SentencePieceModelBuilder model = Model();
        CollectionAssert.AreEqual(Ids(model, "he", "▁", "he"), Create(model, false).EncodeToIds("he▁he", false, false, true, false).ToArray());
    }

    [TestMethod]
    public void LlamaRefusesOtherNormalizations()
    {
        SentencePieceModelBuilder model = Model();
        CollectionAssert.AreEqual((int[])[1, .. Ids(model, "▁", "he")], LlamaTokenizer.Create(new MemoryStream(model.Build())).EncodeToIds("he").ToArray());
        model.NormalizerName = "nmt_nfkc";
        Assert.Throws<ArgumentException>(() => LlamaTokenizer.Create(new MemoryStream(model.Build())));
    }

    [TestMethod]
    public void ATruncatedFileIsRefused()
    {
        byte[] content = Model().Build();
        Assert.Throws<IOException>(() => SentencePieceTokenizer.Create(new MemoryStream(content, 0, content.Length / 2 + 1)));
    }

    private static SentencePieceModelBuilder Model(bool bytes = true, int hell = SentencePieceModelBuilder.Normal)
    {
        var model = new SentencePieceModelBuilder();
        if (bytes)
            model.WithBytes();
        return model.With("he", -1).With("ll", -2).With("hell", -3, hell).With("wo", -4).With("or", -5).WithCharacters("▁helowr");
    }

    private static SentencePieceTokenizer Create(SentencePieceModelBuilder model, bool addBeginning) => SentencePieceTokenizer.Create(new MemoryStream(model.Build()), addBeginning);

    private static int[] Ids(SentencePieceModelBuilder model, params string[] pieces) => [.. pieces.Select(model.Id)];
}
