using System.Text;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Models are trained with given tokenizers, and keep them in every way to save a model.</summary>
[TestClass]
public sealed class GivenTokenizerTests
{
    private readonly TemporaryFolder _folder = new();

    public static IEnumerable<object[]> Sources =>
    [
        ["tokenizer.json", (Func<TokenizerSource>)(() => File("llama2"))],
        ["SentencePiece", (Func<TokenizerSource>)(() => TokenizerSource.FromFile(Golden.PathOf("tokenizers", "unigram_bytes.model")))],
        ["tiktoken", (Func<TokenizerSource>)(() => TokenizerSource.FromTokenizer(TiktokenTokenizer.CreateForModel("gpt2")))],
    ];

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DynamicData(nameof(Sources))]
    public void AModelIsTrainedWithItAndKeepsIt(string kind, Func<TokenizerSource> source)
    {
        var ml = new MLContext(1);
        IDataView view = ml.Data.LoadFromEnumerable(TextRow.Make("The cat sat on 𠀀's mat.", "one two three <s> four", "日本 e\u0301"));
        using LikelihoodScoringTransformer trained = ml.MaskedDiffusion().Trainer(new TrainerOptions
        {
            Network = new TransformerConfig { LayerCount = 1, HeadCount = 2, EmbeddingSize = 8, FeedForwardSize = 16, ContextLength = 64 },
            Tokenizer = source(),
            MaxSteps = 1,
            BatchSize = 2,
            Seed = 3,
            Device = "cpu",
        }).Fit(view);
        LikelihoodRow[] expected = LikelihoodRow.Read(ml, trained.Transform(view));
        ml.Model.Save(trained, view.Schema, _folder.File("model.zip"));
        trained.Model.Save(_folder.File("model.mdm"));
        trained.Model.Save(_folder.File("model"));
        ITransformer loaded = new MLContext().Model.Load(_folder.File("model.zip"), out _);
        CollectionAssert.AreEqual(expected, LikelihoodRow.Read(ml, loaded.Transform(view)), kind);
        (loaded as IDisposable)?.Dispose();
        foreach (string name in (string[])["model.mdm", "model"])
        {
            using MaskedDiffusionModel model = MaskedDiffusionModel.Load(_folder.File(name));
            Assert.AreEqual(trained.Model.Tokenizer.ContentHash, model.Tokenizer.ContentHash);
            CollectionAssert.AreEqual(trained.Model.Tokenizer.Encode("a 𠀀's <s>"), model.Tokenizer.Encode("a 𠀀's <s>"));
        }
    }

    private static TokenizerSource File(string kind) => TokenizerSource.FromTokenizer(TextTokenizer.FromFiles(new Dictionary<string, byte[]>
    {
        ["tokenizer.json"] = Encoding.UTF8.GetBytes(TokenizerJson.Kinds[kind]()),
        ["special_tokens_map.json"] = """{"bos_token":"<s>","eos_token":"</s>"}"""u8.ToArray(),
    }));
}
