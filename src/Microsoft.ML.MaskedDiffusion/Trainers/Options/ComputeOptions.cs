using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Training.Ranks;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How training steps are computed: memory and arithmetic.</summary>
public sealed class ComputeOptions
{
    /// <summary>
    /// Sequences worked on at once, a divisor of <see cref="TrainerOptions.BatchSize"/>, or of a (virtual) rank's share of it: a smaller
    /// micro batch needs less memory. The gradient changes by rounding only, but for five options that go by micro batch:
    /// <see cref="NoiseOptions.GuidanceDropout"/> and <see cref="NoiseOptions.StochasticLengthRatio"/>, which are drawn for each,
    /// <see cref="TrainerOptions.AttentionAnnealing"/>, <see cref="RowPadding.Longest"/> and <see cref="LossDivisor.MicroBatch"/>. Where
    /// one of them is used, set this, so that it is the same on another number of ranks. The published schedule counts micro batches, so
    /// the learning rate of a step moves by a fraction of a step. Default null: the largest divisor of a rank's share that makes at most
    /// 4,096 tokens.
    /// </summary>
    public int? MicroBatchSize { get; set; }

    /// <summary>
    /// The number of ranks whose order of additions the gradient of a step has: with the same number, groups of any size give the same
    /// model bit for bit, on machines of one kind. The size of the <see cref="TrainerOptions.ProcessGroup"/> times a power of two, and a
    /// divisor of <see cref="TrainerOptions.BatchSize"/>. A process that stands for several ranks takes 4 more bytes a parameter for each
    /// doubling. Default null: the size of the group, or, in a resumed training, that of the checkpoint where the group can follow it.
    /// </summary>
    public int? VirtualRanks { get; set; }

    /// <summary>
    /// The arithmetic of training and validation. <see cref="Precision.BFloat16Mixed"/> is SMDM's: for the numerics of a GPU run, and about
    /// 40 % less memory for activations. It is faster on a GPU, and on processors with bfloat16 instructions (AVX-512 BF16, AMX), where
    /// large products are libtorch's if those are measured to be faster; elsewhere it is slower. The trained model has 32-bit weights and
    /// computes in 32 bits. Default <see cref="Precision.Float32"/>.
    /// </summary>
    public Precision Precision { get; set; } = Precision.Float32;

    /// <summary>
    /// Whether to keep only what each block starts from and compute the rest once more in the backward pass: a fifth or less of the memory
    /// for activations, steps that take about a fifth longer, and, on the processor, the same model bit for bit. A resumed training may
    /// change it. Default false.
    /// </summary>
    public bool ActivationCheckpointing { get; set; }

    internal ComputeOptions Clone() => (ComputeOptions)MemberwiseClone();

    internal void Check(int batchSize, int ranks)
    {
        const string Group = nameof(TrainerOptions.Compute) + ".";
        OptionCheck.Require(batchSize % ranks == 0, nameof(TrainerOptions.BatchSize), batchSize,
            FormattableString.Invariant($"a multiple of {ranks}, the number of ranks in ProcessGroup"));
        bool follows = VirtualRanks is not { } count || (count >= 1 && VirtualRankCount.Follows(count, ranks) && batchSize % count == 0);
        OptionCheck.Require(follows,
            Group + nameof(VirtualRanks), VirtualRanks, FormattableString.Invariant(
                $"null, or {ranks} (the number of ranks in ProcessGroup) times a power of two, and a divisor of BatchSize {batchSize}"));
        int parts = VirtualRanks ?? ranks;
        bool divides = MicroBatchSize is null || (MicroBatchSize >= 1 && batchSize / parts % MicroBatchSize == 0);
        string whole = parts == 1 ? "BatchSize" : FormattableString.Invariant($"the share of a rank in BatchSize {batchSize},");
        OptionCheck.Require(divides, Group + nameof(MicroBatchSize), MicroBatchSize,
            FormattableString.Invariant($"a divisor of {whole} {batchSize / parts}, or null"));
        OptionCheck.RequireDefined(Precision, Group + nameof(Precision));
    }
}
