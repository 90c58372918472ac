using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;
using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Long runs hold what short ones hold: as many tensors, and no more of the machine's memory.</summary>
[TestClass]
public sealed class MemoryTests
{
    private const int Batches = 1000;

    // The garbage collector's heap and libtorch's pools settle within some megabytes.
    private const long Slack = 24L << 20;

    private readonly MLContext _ml = new(1);

    [TestMethod]
    public void AThousandScoredBatchesKeepNoMemory()
    {
        using MaskedDiffusionModel model = TinyModel.Create();
        // A batch's logits alone take 8 rows x about 10 masked tokens x 300 x 4 bytes = 96 KB: a thousand kept would be 96 MB, and the
        // activations come on top.
        IDataView texts = Texts(Batches);
        var options = new LikelihoodScoringOptions
        { BatchSize = 1, Likelihood = new LikelihoodOptions { Samples = 8, Method = LikelihoodMethod.MonteCarlo } };
        CheckPass(options.BatchSize, progress =>
        {
            options.Progress = progress;
            LikelihoodRow.Read(_ml, _ml.MaskedDiffusion().ScoreLikelihood(model, options).Fit(texts).Transform(texts));
        });
    }

    [TestMethod]
    public void AThousandBatchesOfChoicesKeepNoMemory()
    {
        using MaskedDiffusionModel model = TinyModel.Create();
        IDataView questions = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, Batches).Select(i =>
            new ChoiceScoringTests.Question { Number = i, Context = $"the cat {i}", Choices = ["sat on the mat", "lay by the door"] })
                .ToList());
        var options = new ChoiceScoringOptions
        { ChoiceCount = 2, BatchSize = 1, Likelihood = new LikelihoodOptions { Samples = 4 } };
        CheckPass(options.BatchSize, progress =>
        {
            options.Progress = progress;
            ChoiceScoringTests.Read(_ml.MaskedDiffusion().ScoreChoices(model, options).Fit(questions).Transform(questions));
        });
    }

    [TestMethod]
    public void AThousandFilledBatchesKeepNoMemory()
    {
        using MaskedDiffusionModel model = TinyModel.Create();
        IDataView texts = Texts(Batches);
        var options = new InfillOptions { OutputColumnName = "Text", BatchSize = 1 };
        CheckPass(options.BatchSize, progress =>
        {
            options.Progress = progress;
            InfillTests.Read(_ml.MaskedDiffusion().Infill(model, options).Fit(texts).Transform(texts));
        });
    }

    [TestMethod]
    [DataRow("diffusion")]
    [DataRow("diffusion, cached blocks")]
    [DataRow("autoregressive")]
    public void TwoHundredWrittenTextsKeepNoMemory(string kind)
    {
        using MaskedDiffusionModel model = kind == "autoregressive" ? TinyAutoregressiveModel.Create() : TinyModel.Create();
        const int Texts = 200;
        IDataView prompts = _ml.Data.LoadFromEnumerable(TextRow.Make([.. Enumerable.Range(0, Texts).Select(i => $"the {i}")]));
        // Twelve blocks, in windows that slide.
        SamplingOptions sampling = new() { Order = SamplingOrder.Random, Temperature = 1, BlockLength = 4 };
        if (kind == "diffusion, cached blocks")
            sampling.Cache = SamplingCache.Dual;
        var options = new TextGenerationOptions
        {
            PromptColumnName = "Text", BatchSize = 1,
            Generation = new GenerationOptions { MaxNewTokens = 48, MinNewTokens = 48, Sampling = sampling },
        };
        CheckPass(
            options.BatchSize,
            progress =>
            {
                options.Progress = progress;
                IDataView written = _ml.MaskedDiffusion().Generate(model, options).Fit(prompts).Transform(prompts);
                Assert.AreEqual(Texts, written.GetColumn<string>("Completion").Count());
            },
            Texts);
    }

    [TestMethod]
    public void AThousandPredictionsKeepNoMemory()
    {
        using MaskedDiffusionModel model = TinyModel.Create();
        IDataView texts = Texts(1);
        var options = new LikelihoodScoringOptions { Likelihood = new LikelihoodOptions { Samples = 8 } };
        using PredictionEngine<TextRow, LikelihoodRow> engine =
            _ml.Model.CreatePredictionEngine<TextRow, LikelihoodRow>(_ml.MaskedDiffusion().ScoreLikelihood(model, options).Fit(texts));
        List<TextRow> rows = TextRow.Make([.. Enumerable.Range(0, Batches).Select(Sentence)]);
        CheckPass(1, progress =>
        {
            for (int i = 0; i < rows.Count; i++)
            {
                engine.Predict(rows[i]);
                progress.Report(new ScoringProgress(i + 1, null));
            }
        });
    }

    [TestMethod]
    public void TwoHundredTrainingStepsWithValidationsKeepNoMemory()
    {
        // A step of 8 x 24 tokens keeps about 192 x (2 x 20 x 64 + 300) x 4 bytes = 2 MB of activations and gradients: 160 of them kept
        // would be 350 MB.
        long? early = null, late = null;
        long tensors = 0, memory = 0;
        var progress = new Collected<TrainingProgress>(report =>
        {
            if (report is { Phase: TrainingPhase.Training, Step: 40 })
                (early, tensors, memory) = (report.Step, torch.Tensor.TotalCount, HeldMemory.Bytes());
            else if (report is { Phase: TrainingPhase.Training, Step: 200 })
                (late, tensors, memory) = (report.Step, torch.Tensor.TotalCount - tensors, HeldMemory.Bytes() - memory);
        });
        var trainer = new MaskedDiffusionTrainer(_ml, new TrainerOptions
        {
            Network = new TransformerConfig
            {
                LayerCount = 2, HeadCount = 2, EmbeddingSize = 64, FeedForwardSize = 256,
                ContextLength = 24
            },
            Tokenizer = TokenizerSource.TrainBytePairEncoding(300),
            MaxSteps = 200,
            BatchSize = 8,
            Compute = { MicroBatchSize = 4 },
            ValidationSet = Texts(40),
            Validation = { Interval = 10 },
            ProgressInterval = 20,
            Progress = progress,
            Device = "cpu",
        });
        long outside = torch.Tensor.TotalCount;
        TransformerConfig trained;
        using (LikelihoodScoringTransformer transformer = trainer.Fit(Texts(200)))
            trained = transformer.Model.Config;
        Assert.AreEqual<(long?, long?)>((40, 200), (early, late), "the steps at which it was measured");
        Assert.AreEqual(0, tensors, "live tensors between steps 40 and 200");
        long after = torch.Tensor.TotalCount, parameters = TransformerNetwork.ParameterShapes(trained).Count();
        Assert.AreEqual(outside + parameters * CountedForADisposedParameter(), after, "live tensors after disposal");
        Limit.Below(Slack, memory, "bytes of memory between steps 40 and 200");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void TheLongestStepsAreTheLastToAskForMemory(bool checkpointing)
    {
        // All logits are 98 MB, a slice of them with checkpointing 66 MB: a hole in the heap that they do not fit into again shows at once.
        const int Length = 768;
        using var network = new TransformerNetwork(
            new TransformerConfig
            {
                LayerCount = 2, HeadCount = 2, EmbeddingSize = 64, FeedForwardSize = 256, VocabularySize = 32_000,
                ContextLength = Length
            }, torch.CPU);
        network.Initialize(1);
        network.ActivationCheckpointing = checkpointing;
        using AdamWOptimizer optimizer = AdamWOptimizer.Create(network.Parameters, new TrainingSettings());
        Step(network, optimizer, Length, Length);
        Step(network, optimizer, Length, Length);
        long before = HeldMemory.Bytes();
        for (int i = 0; i < 12; i++)
            Step(network, optimizer, Length - i % 4 * 100, Length - i * 5 % 12 * 60);
        Limit.Below(Slack, HeldMemory.Bytes() - before, "bytes of memory that steps after the second took");
        optimizer.ClearGradients();
    }

    private static void Step(TransformerNetwork network, AdamWOptimizer optimizer, int length, int masked)
    {
        using var scope = torch.NewDisposeScope();
        long[] places = [.. Enumerable.Range(0, Math.Min(length, masked)).Select(i => (long)i)];
        torch.Tensor hidden = network.Hidden(new TokenRows(new long[length], length)).view(length, -1).index_select(
            0, torch.tensor(places));
        network.CrossEntropy(hidden, places).mean().backward();
        optimizer.PrepareGradients();
        optimizer.Step(1e-4);
        network.ZeroGradients();
    }

    // TorchSharp goes on counting the tensor whose memory a parameter took over.
    private static long CountedForADisposedParameter()
    {
        long before = torch.Tensor.TotalCount;
        using (torch.Tensor values = torch.zeros(1))
            new Parameter(values).Dispose();
        return torch.Tensor.TotalCount - before;
    }

    private static string Sentence(int i) => $"the cat [MASK] on mat {i} and the dog [MASK*2]";

    private IDataView Texts(int count) => _ml.Data.LoadFromEnumerable(TextRow.Make([.. Enumerable.Range(0, count).Select(Sentence)]));

    // A first pass warms up; the second is watched from its tenth batch to its last.
    private static void CheckPass(int batchSize, Action<IProgress<ScoringProgress>> pass, int batches = Batches)
    {
        pass(new Collected<ScoringProgress>());
        // What other tests have left to the garbage collector must not go while this one counts. A model that ML.NET has loaded goes with
        // what holds it, so one collection may make the next one possible.
        long left;
        do
        {
            left = torch.Tensor.TotalCount;
            _ = HeldMemory.Bytes();
        }
        while (torch.Tensor.TotalCount < left);
        var tensors = new List<long>();
        long before = 0, after = 0;
        var progress = new Collected<ScoringProgress>(report =>
        {
            tensors.Add(torch.Tensor.TotalCount);
            if (report.RowCount == 10 * batchSize)
                before = HeldMemory.Bytes();
            if (report.RowCount == batches * batchSize)
                after = HeldMemory.Bytes();
        });
        long outside = torch.Tensor.TotalCount;
        pass(progress);
        Assert.HasCount(batches, tensors);
        Assert.AreEqual(tensors[9], tensors[^1], "live tensors after batch 10 and the last one");
        Assert.AreEqual(outside, torch.Tensor.TotalCount, "live tensors before and after the pass");
        Limit.Below(Slack, after - before, "bytes of memory from batch 10 to the last one");
    }
}
