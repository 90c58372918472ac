using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>
/// Operators that torch leaves in many pieces. 32-bit floats on the processor go through our kernels, anything else through torch's operators with the same
/// result within rounding. All are differentiable and check shapes before any native call.
/// </summary>
internal static class Fused
{
    /// <summary>x W^T for x [..., k], W [n, k]; with <paramref name="rounded"/> both are 32-bit floats that are rounded to bfloat16 first.</summary>
    public static Tensor Linear(Tensor x, Tensor weight, bool rounded = false)
    {
        if (weight.dim() != 2 || x.dim() < 1 || x.shape[^1] != weight.size(1))
            throw Mismatch("Linear", x, weight);
        if (!TensorMemory.IsFast(x) || !TensorMemory.IsFast(weight))
            return rounded ? RoundedLinear(x, weight) : nn.functional.linear(x, weight);
        return NeedsGradient(x, weight) ? LinearFunction.apply(x, weight, rounded) : LinearFunction.Compute(x, weight, rounded);
    }

    /// <summary><see cref="Linear"/> with bfloat16 operands on torch's operators, whose result is rounded to bfloat16 too, as under autocast.</summary>
    public static Tensor RoundedLinear(Tensor x, Tensor weight)
    {
        using var scope = NewDisposeScope();
        return nn.functional.linear(x.to(ScalarType.BFloat16), weight.to(ScalarType.BFloat16)).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// <see cref="CrossEntropy"/> of the logits x W^T of x [n, d], W [V, d] on our kernels, as one node that turns its logits into their gradient in place; with
    /// <paramref name="recompute"/> it keeps none of them and computes them again in the backward pass, slice by slice, to the same bits. The logits stand in
    /// memory of <paramref name="pool"/>.
    /// </summary>
    public static Tensor VocabularyLoss(Tensor x, Tensor weight, Tensor targets, bool rounded, bool recompute, BufferPool pool)
    {
        if (x.dim() != 2 || weight.dim() != 2 || x.size(1) != weight.size(1))
            throw Mismatch("VocabularyLoss", x, weight);
        if (targets.dim() != 1 || targets.dtype != ScalarType.Int64 || x.size(0) != targets.size(0))
            throw Mismatch("VocabularyLoss", x, targets);
        if (x.size(0) == 0)
            return x.sum(1);
        CheckTargets(targets, weight.size(0));
        if (NeedsGradient(x, weight))
            return VocabularyLossFunction.apply(x, weight, targets, rounded, recompute, pool);
        return VocabularyLossFunction.Compute(x, weight, targets, rounded, pool);
    }

    /// <summary>gain * x / sqrt(mean(x^2) + eps) over the last dimension, with statistics in at least 32 bits.</summary>
    public static Tensor RmsNorm(Tensor x, Tensor gain, double epsilon)
    {
        if (gain.dim() != 1 || x.dim() < 1 || x.shape[^1] != gain.size(0))
            throw Mismatch("RmsNorm", x, gain);
        if (TensorMemory.IsFast(x) && TensorMemory.IsFast(gain))
            return NormFunction.Run(x, gain, epsilon);
        using var scope = NewDisposeScope();
        Tensor wide = Widen(x);
        Tensor factor = ((wide * wide).mean([-1], keepdim: true) + epsilon).rsqrt();
        return ((wide * factor).to(x.dtype) * gain).MoveToOuterDisposeScope();
    }

    /// <summary>silu(gate) * up.</summary>
    public static Tensor SwiGlu(Tensor gate, Tensor up)
    {
        if (!gate.shape.AsSpan().SequenceEqual(up.shape))
            throw Mismatch("SwiGlu", gate, up);
        if (TensorMemory.IsFast(gate) && TensorMemory.IsFast(up))
            return GateFunction.Run(gate, up);
        using var scope = NewDisposeScope();
        return (nn.functional.silu(gate) * up).MoveToOuterDisposeScope();
    }

    /// <summary>Rotary positions on x [batch, length, heads, h] with tables [length, 1, h / 2]; the products are taken in the tables' precision.</summary>
    public static Tensor Rotary(Tensor x, Tensor cos, Tensor sin)
    {
        if (x.dim() != 4 || cos.dim() != 3 || x.size(1) != cos.size(0) || x.size(3) != 2 * cos.size(2))
            throw Mismatch("Rotary", x, cos);
        using var scope = NewDisposeScope();
        long half = x.size(3) / 2;
        Tensor wide = x.to(cos.dtype), a = wide.narrow(3, 0, half), b = wide.narrow(3, half, half);
        return cat([a * cos - b * sin, a * sin + b * cos], -1).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Minus the log-probability of each row's target, in nats: logits [n, V] and targets [n] of Int64 give [n] (at least 32 bits wide).</summary>
    public static Tensor CrossEntropy(Tensor logits, Tensor targets)
    {
        if (logits.dim() != 2 || targets.dim() != 1 || targets.dtype != ScalarType.Int64 || logits.size(0) != targets.size(0))
            throw Mismatch("CrossEntropy", logits, targets);
        if (logits.size(0) == 0)
            return logits.sum(1);
        CheckTargets(targets, logits.size(1));
        if (TensorMemory.IsFast(logits))
        {
            if (NeedsGradient(logits))
                return CrossEntropyFunction.apply(logits, targets);
            (Tensor loss, Tensor logSums) = CrossEntropyFunction.Compute(logits, targets);
            logSums.Dispose();
            return loss;
        }
        using var scope = NewDisposeScope();
        Tensor wide = Widen(logits);
        return (wide.logsumexp(-1) - wide.gather(1, targets.unsqueeze(1)).squeeze(1)).MoveToOuterDisposeScope();
    }

    internal static bool NeedsGradient(params ReadOnlySpan<Tensor> tensors)
    {
        if (!is_grad_enabled())
            return false;
        foreach (Tensor one in tensors)
            if (one.requires_grad)
                return true;
        return false;
    }

    private static void CheckTargets(Tensor targets, long vocabulary)
    {
        using Tensor low = targets.min(), high = targets.max();
        if (low.item<long>() < 0 || high.item<long>() >= vocabulary)
            throw new ArgumentOutOfRangeException(nameof(targets), $"Targets lie between {low.item<long>()} and {high.item<long>()}; they must be 0 to {vocabulary - 1}.");
    }

    private static Tensor Widen(Tensor x) => x.dtype == ScalarType.Float64 ? x : x.to(ScalarType.Float32);

    private static ArgumentException Mismatch(string what, Tensor a, Tensor b) =>
        new($"{what}: shapes [{string.Join(", ", a.shape)}] ({a.dtype}) and [{string.Join(", ", b.shape)}] ({b.dtype}) do not fit together.");
}
