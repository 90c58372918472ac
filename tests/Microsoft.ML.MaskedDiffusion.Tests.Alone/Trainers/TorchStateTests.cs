using Microsoft.ML.Data;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Whatever a program has set in torch around a call of ours: the result is the same, and the program's settings stay.</summary>
[TestClass]
public sealed class TorchStateTests
{
    private static readonly Lazy<float[]> Expected = new(() => TrainAndScore(null));

    public static IEnumerable<object[]> Settings =>
    [
        ["no_grad"], ["inference_mode"], ["dispose scope"], ["default type"], ["threads"],
    ];

    internal static IDisposable Set(string setting)
    {
        switch (setting)
        {
            case "no_grad":
                return torch.no_grad();
            case "inference_mode":
                return torch.inference_mode();
            case "dispose scope":
                return torch.NewDisposeScope();
            case "default type":
                torch.set_default_dtype(torch.ScalarType.Float64);
                return new Undo(() => torch.set_default_dtype(torch.ScalarType.Float32));
            default:
                int threads = torch.get_num_threads();
                torch.set_num_threads(1);
                return new Undo(() => torch.set_num_threads(threads));
        }
    }

    internal static string State() =>
        $"{torch.is_grad_enabled()} {torch.is_inference_mode_enabled()} {torch.get_default_dtype()} {torch.get_num_threads()}";

    [TestMethod]
    [DynamicData(nameof(Settings))]
    public void TrainingAndScoringAreTheSameUnderAnySetting(string setting)
    {
        CollectionAssert.AreEqual(Expected.Value, TrainAndScore(setting));
    }

    private static float[] TrainAndScore(string? setting)
    {
        var ml = new MLContext(1);
        IDataView data = ml.Data.LoadFromEnumerable(TextRow.Make("the cat sat on the mat", "a small bird sang", "the dog lay by the door"));
        var options = new TrainerOptions
        {
            Network = new TransformerConfig { LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 32, ContextLength = 12 },
            Tokenizer = TokenizerSource.TrainBytePairEncoding(270),
            MaxSteps = 3,
            BatchSize = 4,
            Seed = 3,
            Device = "cpu",
            ValidationSet = data,
        };
        LikelihoodScoringTransformer trained;
        float[] inside;
        using (IDisposable? set = setting is null ? null : Set(setting))
        {
            string before = State();
            trained = new MaskedDiffusionTrainer(ml, options).Fit(data);
            inside = [.. trained.Transform(data).GetColumn<float>("NegativeLogLikelihood")];
            Assert.AreEqual(before, State());
        }
        // What was made in a dispose scope belongs to the caller, who disposes it.
        using (trained)
        {
            float[] after = [.. trained.Transform(data).GetColumn<float>("NegativeLogLikelihood")];
            CollectionAssert.AreEqual(inside, after);
            Assert.DoesNotContain("[MASK", new Infiller(trained.Model).Fill("the [MASK] sat"));
        }
        return inside;
    }

    private sealed class Undo(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}
