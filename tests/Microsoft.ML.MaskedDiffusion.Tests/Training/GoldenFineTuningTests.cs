using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Corpora.Prompts;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The four fine-tuning scripts of the reference, step by step, on the rows and draws they saw.</summary>
[TestClass]
public sealed class GoldenFineTuningTests
{
    private const int Batches = 4, BatchSize = 4, RowLength = 64, EndOfSequence = 2;

    [TestMethod]
    [DataRow("sft_sharegpt", RowPadding.Longest, 64, 0.5)]
    [DataRow("sft_gsm8k", RowPadding.Full, 48, 0.0)]
    [DataRow("sft_reverse", RowPadding.Longest, 64, 0.0)]
    [DataRow("sft_arm", RowPadding.None, 64, 0.0)]
    public void FourStepsFollowTheReference(string name, RowPadding padding, int maxLength, double guidanceDropout)
    {
        using SafetensorsReader file = Golden.Open("rope_bf16", name + ".safetensors");
        bool autoregressive = name == "sft_arm";
        RowBlocks blocks = Rows(file, padding, maxLength, wholeText: name == "sft_reverse");
        ITrainingObjective Objective() => autoregressive ? new AutoregressiveObjective() : new RecordedNoise(Draws(file, guidanceDropout));
        var settings = new TrainingSettings
        {
            MaxSteps = 6, WarmupSteps = 2, BatchSize = BatchSize, MicroBatchSize = BatchSize,
            LearningRate = 2e-4
        };
        GoldenTrace.Follow(name, file, autoregressive, Objective, blocks, settings);
    }

    // Placed so that the loop's shuffled order gives the recorded micro batches one after the other.
    private static RowBlocks Rows(SafetensorsReader file, RowPadding padding, int maxLength, bool wholeText)
    {
        var blocks = new RowBlocks(97, EndOfSequence, padding, maxLength);
        var order = new BlockOrder(Batches * BatchSize, seed: 0);
        for (int index = 0; index < Batches * BatchSize; index++)
        {
            int place = Enumerable.Range(0, Batches * BatchSize).First(sequence => order[sequence] == index), row = place % BatchSize;
            string batch = $"batch{place / BatchSize:00}.";
            int length = (int)file.ReadIntegers(batch + "length")[row], prompt = wholeText
                ? 0 : (int)file.ReadIntegers(batch + "input_length")[row];
            int[] ids = Array.ConvertAll(file.ReadIntegers(batch + "data")[(row * RowLength)..(row * RowLength + length)], id => (int)id);
            blocks.Add(ids.AsSpan(0, prompt), ids.AsSpan(prompt));
        }
        return blocks;
    }

    // In their order: levels, positions, and with guidance one number that is below the probability where the micro batch loses its
    // prompts.
    private static List<(float[] Levels, float[] Uniforms, bool DropsPrompts)> Draws(SafetensorsReader file, double guidanceDropout)
    {
        int draw = 0;
        float[] Next() => file.ReadSingles($"rng.{draw++:000}.rand");
        return [.. Enumerable.Range(0, Batches).Select(_ => (Next(), Next(), guidanceDropout > 0 && Next()[0] < guidanceDropout))];
    }
}
