using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Torch;

/// <summary>States in a tensor [count, d], which this object owns.</summary>
internal sealed class TorchStates(Tensor states) : NetworkStates((int)states.size(0))
{
    public Tensor Tensor { get; } = states.DetachFromDisposeScope();

    public override void CopyTo(int row, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Count, nameof(row));
        using var scope = NewDisposeScope();
        Tensor values = Tensor[row].to(ScalarType.Float32, CPU).contiguous();
        TensorMemory.FloatSpan(values).CopyTo(destination);
    }

    public override void Dispose() => Tensor.Dispose();
}
