using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Torch;

/// <summary>Which positions see which keys, as tensors of a device that torch's attention takes.</summary>
internal sealed class TorchMasks(Device device) : IDisposable
{
    private SeenPairs? _pairs;

    /// <summary>What whole rows of a length see, [1, 1, length, length]; null where fused attention knows it.</summary>
    public Tensor? Of(AttentionReach reach, int length) =>
        reach is { Radius: null, Blocks: null, Mask: null } ? null : Of(reach, Positions(length).view(1, -1), length);

    /// <summary>
    /// Which of the first keys the positions [batch, length] see, [batch, 1, length, keys]; null where they see all. A reach with a mask
    /// is for all positions of a row.
    /// </summary>
    public Tensor? Of(AttentionReach reach, Tensor positions, int keyCount)
    {
        using var scope = NewDisposeScope();
        Tensor keys = Positions(keyCount), own = positions.unsqueeze(1).unsqueeze(3);
        var rules = new List<Tensor>();
        if (reach.Mask is not null)
            rules.Add(PairsOf(reach.Mask, keyCount));
        if (reach.IsCausal)
            rules.Add((keys - own).IsAtMost(0));
        if (reach.Blocks is { } blocks)
            rules.Add((BlockOf(keys) - BlockOf(own)).IsAtMost(0));
        if (reach.Radius is { } radius)
            rules.Add((keys - own).abs().IsAtMost(radius));
        return rules.Count == 0 ? null : rules.Aggregate((seen, rule) => seen.logical_and(rule)).MoveToOuterDisposeScope();

        // The number of each position's block.
        Tensor BlockOf(Tensor positionsOf) => positionsOf.Plus(-blocks.First).WholeOver(blocks.Size);
    }

    public void Dispose() => _pairs?.Tensor.Dispose();

    private Tensor Positions(int count)
    {
        using Scalar end = ((long)count).ToScalar();
        return arange(end, ScalarType.Int64, device);
    }

    // A mask on the device, [1, 1, length, length]. Most trainings have the same one in every step.
    private Tensor PairsOf(AttentionMask mask, int length)
    {
        if (_pairs is { } known && known.Mask == mask && known.Length == length)
            return known.Tensor.alias();
        var seen = new bool[(long)length * length];
        for (int position = 0; position < length; position++)
            for (int key = 0; key < length; key++)
                seen[(long)position * length + key] = mask.Sees(position, key);
        _pairs?.Tensor.Dispose();
        Tensor pairs = tensor(seen, [1, 1, length, length], ScalarType.Bool, device).DetachFromDisposeScope();
        _pairs = new SeenPairs(mask, length, pairs);
        return pairs.alias();
    }

    private sealed record SeenPairs(AttentionMask Mask, int Length, Tensor Tensor);
}
