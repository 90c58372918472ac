using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The loop against traces of the reference's own training scripts: same weights, data and draws, hence same losses, norms, rates, moments
/// and weights.
/// </summary>
[TestClass]
public sealed class GoldenTrainingTests
{
    /// <summary>The recorded micro batches, placed so that the loop's shuffled order gives them one after the other.</summary>
    private sealed class RecordedBlocks(SafetensorsReader file, int batches, int length) : ITokenBlocks
    {
        private readonly long[][] _batches = [.. Enumerable.Range(0, batches).Select(i => file.ReadIntegers($"batch{i:00}"))];
        private readonly BlockOrder _order = new(batches * 4, seed: 0);

        public int Count => batches * 4;

        public int Length => length;

        public long TokenCount => (long)Count * length;

        public void Read(int index, Span<long> destination)
        {
            int place = Enumerable.Range(0, Count).First(sequence => _order[sequence] == index);
            _batches[place / 4].AsSpan(place % 4 * 65, length).CopyTo(destination);
        }
    }

    private sealed class RecordedLengths(IReadOnlyList<int> lengths) : SequenceLengths(0.5, 64, 0)
    {
        protected override int Draw(long microBatch) => lengths[(int)microBatch];
    }

    /// <summary>
    /// Reads the draws in their order: where lengths are stochastic a number that says whether to cut, and to which length; then levels and
    /// positions.
    /// </summary>
    private static (List<int> Lengths, List<(float[] Levels, float[] Uniforms, bool DropsPrompts)> Noise) ReadDraws(
        SafetensorsReader file, int batches, bool stochasticLength)
    {
        int draw = 0;
        float[] Next() => file.ReadSingles($"rng.{draw++:000}.rand");
        var lengths = new List<int>();
        var noise = new List<(float[], float[], bool)>();
        for (int i = 0; i < batches; i++)
        {
            lengths.Add(stochasticLength && Next()[0] < 0.5 ? (int)file.ReadIntegers($"rng.{draw++:000}.randint")[0] : 64);
            noise.Add((Next(), Next(), false));
        }
        return (lengths, noise);
    }

    [TestMethod]
    [DataRow("train5_exact", 505, 50500, 1, 2e-4)]
    [DataRow("train5_short", 2, 6, 1, 2e-4)]
    [DataRow("train5_accum2", 2, 6, 2, 2e-3)]
    [DataRow("train5_ssl", 2, 6, 1, 2e-4)]
    [DataRow("train5_arm", 2, 6, 1, 2e-4)]
    public void FiveStepsFollowTheReference(string name, int warmup, int steps, int accumulation, double learningRate)
    {
        using SafetensorsReader file = Golden.Open("rope_bf16", name + ".safetensors");
        var settings = new TrainingSettings
        {
            MaxSteps = steps, WarmupSteps = warmup, BatchSize = 4 * accumulation, MicroBatchSize = 4,
            LearningRate = learningRate
        };
        SequenceLengths? lengths = null;
        Func<ITrainingObjective> objective = () => new AutoregressiveObjective();
        bool autoregressive = name == "train5_arm";
        int batches = 5 * accumulation;
        if (!autoregressive)
        {
            (List<int> recordedLengths, List<(float[], float[], bool)> noise) = ReadDraws(file, batches, name == "train5_ssl");
            objective = () => new RecordedNoise(noise);
            lengths = name == "train5_ssl" ? new RecordedLengths(recordedLengths) : null;
        }
        GoldenTrace.Follow(name, file, autoregressive, objective, new RecordedBlocks(file, batches, objective().BlockLength(64)), settings,
            lengths);
    }
}
