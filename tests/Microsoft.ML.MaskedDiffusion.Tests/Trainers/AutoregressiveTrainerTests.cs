using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class AutoregressiveTrainerTests
{
    private sealed class Document
    {
        public string? Text { get; set; }
    }

    private static readonly string[] Sentences = ["the cat sat on the mat", "the dog sat on the log", "", "a cat and a dog"];

    private static IDataView View(MLContext ml, params string[] texts) =>
        ml.Data.LoadFromEnumerable(texts.Select(text => new Document { Text = text }).ToList());

    private static TrainerOptions Small(Action<TrainerOptions>? change = null)
    {
        var options = new TrainerOptions
        {
            Network = new TransformerConfig { LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 32, ContextLength = 12 },
            Tokenizer = TokenizerSource.TrainBytePairEncoding(270),
            MaxSteps = 4,
            BatchSize = 4,
            ProgressInterval = 1,
            Seed = 3,
            Device = "cpu",
        };
        change?.Invoke(options);
        return options;
    }

    private static float[] Column(IDataView view, string name) => [.. view.GetColumn<float>(name)];

    [TestMethod]
    public void TheTransformersFigureIsTheExactNegativeLogLikelihood()
    {
        var ml = new MLContext(1);
        using LikelihoodScoringTransformer transformer = new AutoregressiveTrainer(ml, Small()).Fit(View(ml, Sentences));
        Assert.IsTrue(transformer.Model.Config.Autoregressive);
        string[] texts = ["the cat", "", "a dog and a cat sat on the mat and on the log"];
        IDataView scored = transformer.Transform(View(ml, texts));
        float[] values = Column(scored, "NegativeLogLikelihood");
        int[] counts = [.. scored.GetColumn<int>("TokenCount")];
        TextTokenizer tokenizer = transformer.Model.Tokenizer;
        for (int row = 0; row < texts.Length; row++)
        {
            int[] ids = [tokenizer.EndOfSequenceId!.Value, .. tokenizer.Encode(texts[row])];
            Assert.AreEqual(ids.Length - 1, counts[row]);
            // The whole of a short text; a long one is read in windows of 12 tokens, each after the first scoring 6 more.
            double expected = 0;
            for (int end = Math.Min(12, ids.Length), scoredTo = 1; scoredTo < ids.Length; scoredTo = end,
                end = Math.Min(end + 6, ids.Length))
                expected += Plain(transformer.Model.Network, ids[Math.Max(0, end - 12)..end], scoredTo - Math.Max(0, end - 12));
            Assert.AreEqual(expected, values[row], 1e-4, texts[row]);
        }
        Assert.IsGreaterThan(12, counts[2]);
        CollectionAssert.AreEqual(new float[3], Column(scored, "NegativeLogLikelihoodStandardError"));
    }

    // -log p of the ids from the given place on, in nats, each after those before it.
    private static double Plain(TransformerNetwork network, int[] ids, int from)
    {
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        torch.Tensor logits = network.Forward(new TokenRows(Array.ConvertAll(ids[..^1], id => (long)id), ids.Length - 1));
        int width = network.Config.VocabularySize;
        float[] values = TensorMemory.FloatSpan(logits.contiguous()).ToArray();
        double sum = 0;
        for (int i = from; i < ids.Length; i++)
        {
            float[] at = values[((i - 1) * width)..(i * width)];
            sum += Math.Log(at.Sum(logit => Math.Exp(logit))) - at[ids[i]];
        }
        return sum;
    }

    [TestMethod]
    public void ItLearns()
    {
        var ml = new MLContext(1);
        using LikelihoodScoringTransformer transformer =
            new AutoregressiveTrainer(ml, Small(o => (o.MaxSteps, o.LearningRate, o.ValidationSet) = (60, 1e-2, View(ml, Sentences))))
            .Fit(View(ml, Sentences));
        TrainingResult result = transformer.TrainingResult!;
        Assert.AreEqual(Math.Log(transformer.Model.Config.VocabularySize), result.LossHistory[0].Loss, 0.5,
            "at first all tokens are about as likely");
        Limit.Below(0.5 * result.LossHistory[0].Loss, result.ValidationLoss!.Value);
        // Of the 13 ids of a block 12 are targets.
        Assert.AreEqual(60L * 4 * 12, result.TokensSeen);
    }

    [TestMethod]
    public void TheSameSeedGivesTheSameModelWhateverTheMicroBatch()
    {
        var ml = new MLContext(1);
        // The published schedule counts micro batches: a flat one takes that difference away.
        double[] Losses(int? micro)
        {
            using LikelihoodScoringTransformer transformer =
                new AutoregressiveTrainer(ml, Small(
                o => (o.Compute.MicroBatchSize, o.Optimizer.MinLearningRateRatio, o.Optimizer.WarmupSteps) = (micro, 1, 0)))
                .Fit(View(ml, Sentences));
            return [.. transformer.TrainingResult!.LossHistory.Select(point => point.Loss)];
        }

        double[] whole = Losses(null), again = Losses(null), parts = Losses(2);
        CollectionAssert.AreEqual(whole, again);
        for (int i = 0; i < whole.Length; i++)
            Assert.AreEqual(whole[i], parts[i], 1e-4, "rounding only");
    }

    [TestMethod]
    public void SavedAndLoadedItScoresTheSame()
    {
        var ml = new MLContext(1);
        IDataView view = View(ml, Sentences);
        using LikelihoodScoringTransformer transformer = ml.MaskedDiffusion().AutoregressiveTrainer(Small()).Fit(view);
        float[] before = Column(transformer.Transform(view), "NegativeLogLikelihood");
        using var folder = new TemporaryFolder();
        ml.MaskedDiffusion().SaveModel(transformer, view.Schema, folder.File("model.zip"));
        ITransformer loaded = ml.MaskedDiffusion().LoadModel(folder.File("model.zip"), out _);
        using var unwrapped = (LikelihoodScoringTransformer)loaded;
        Assert.IsTrue(unwrapped.Model.Config.Autoregressive);
        CollectionAssert.AreEqual(before, Column(unwrapped.Transform(view), "NegativeLogLikelihood"));
    }

    [TestMethod]
    public void TheSchemaPromisedIsTheOneMade()
    {
        var ml = new MLContext(1);
        IDataView view = View(ml, Sentences);
        var trainer = new AutoregressiveTrainer(ml, Small());
        SchemaShape promised = trainer.GetOutputSchema(SchemaShapes.Of(view.Schema));
        using LikelihoodScoringTransformer transformer = trainer.Fit(view);
        CollectionAssert.AreEqual(transformer.GetOutputSchema(view.Schema).Select(column => column.Name).ToArray(),
            promised.Select(column => column.Name).ToArray());
    }

    [TestMethod]
    public void OptionsAboutNoiseAreRefused()
    {
        (string Option, Action<TrainerOptions> Change)[] bad =
        [
            ("Noise.Levels", o => o.Noise.Levels = NoiseLevels.Stratified),
            ("Noise.LossWeighting", o => o.Noise.LossWeighting = LossWeighting.Uniform),
            ("Noise.StochasticLengthRatio", o => o.Noise.StochasticLengthRatio = 0.01),
            ("BatchSize", o => o.BatchSize = 0),
        ];
        foreach ((string option, Action<TrainerOptions> change) in bad)
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
                () => new AutoregressiveTrainer(new MLContext(1), Small(change)), option);
            Assert.AreEqual(option, error.ParamName);
        }
        // A network that is autoregressive already is taken.
        _ = new AutoregressiveTrainer(new MLContext(1), Small(o => o.Network = o.Network with { Autoregressive = true }));
    }
}
