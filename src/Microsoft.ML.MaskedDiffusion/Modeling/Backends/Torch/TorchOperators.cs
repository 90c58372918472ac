using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Torch;

/// <summary>
/// The network's operators on torch's, for every device and type. All are differentiable and check shapes before any native call.
/// </summary>
internal static class TorchOperators
{
    /// <summary>
    /// x W^T for x [..., k], W [n, k]. With <paramref name="rounded"/> both are 32-bit floats that are rounded to bfloat16, and so is the
    /// result, as under autocast.
    /// </summary>
    public static Tensor Linear(Tensor x, Tensor weight, bool rounded = false)
    {
        if (weight.dim() != 2 || x.dim() < 1 || x.shape[^1] != weight.size(1))
            throw Mismatch(nameof(Linear), x, weight);
        if (!rounded)
            return nn.functional.linear(x, weight);
        using var scope = NewDisposeScope();
        Tensor product = nn.functional.linear(x.to(ScalarType.BFloat16), weight.to(ScalarType.BFloat16));
        return product.to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>gain * x / sqrt(mean(x^2) + eps) over the last dimension, with statistics in at least 32 bits.</summary>
    public static Tensor RmsNorm(Tensor x, Tensor gain, double epsilon)
    {
        if (gain.dim() != 1 || x.dim() < 1 || x.shape[^1] != gain.size(0))
            throw Mismatch(nameof(RmsNorm), x, gain);
        using var scope = NewDisposeScope();
        Tensor wide = Widen(x);
        Tensor factor = (wide * wide).mean([-1], keepdim: true).Plus(epsilon).rsqrt();
        return ((wide * factor).to(x.dtype) * gain).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// gain * (x - mean(x)) / sqrt(variance(x) + eps) over the last dimension, with statistics in at least 32 bits.
    /// </summary>
    public static Tensor LayerNorm(Tensor x, Tensor gain, double epsilon)
    {
        if (gain.dim() != 1 || x.dim() < 1 || x.shape[^1] != gain.size(0))
            throw Mismatch(nameof(LayerNorm), x, gain);
        using var scope = NewDisposeScope();
        Tensor wide = Widen(x);
        return RmsNorm(wide - wide.mean([-1], keepdim: true), gain, epsilon).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>activation(gate) * up.</summary>
    public static Tensor Gate(Tensor gate, Tensor up, GateActivation activation = GateActivation.Silu)
    {
        if (!gate.shape.AsSpan().SequenceEqual(up.shape))
            throw Mismatch(nameof(Gate), gate, up);
        using var scope = NewDisposeScope();
        Tensor activated = activation == GateActivation.Gelu ? nn.functional.gelu(gate) : nn.functional.silu(gate);
        return (activated * up).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Rotary positions on x [batch, length, heads, h] with tables [length, 1, h / 2]; the products are taken in the tables' precision.
    /// </summary>
    public static Tensor Rotary(Tensor x, Tensor cos, Tensor sin)
    {
        if (x.dim() != 4 || cos.dim() != 3 || x.size(1) != cos.size(0) || x.size(3) != 2 * cos.size(2))
            throw Mismatch(nameof(Rotary), x, cos);
        using var scope = NewDisposeScope();
        long half = x.size(3) / 2;
        Tensor wide = x.to(cos.dtype), a = wide.narrow(3, 0, half), b = wide.narrow(3, half, half);
        return cat([a * cos - b * sin, (a * sin).Plus(b * cos)], -1).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// softmax(Q K^T / sqrt(h)) V for queries, keys and values [batch, heads, length, h], by libtorch's fused attention, which never has
    /// all scores in memory. With <paramref name="causal"/> a position sees none after it. With <paramref name="rounded"/> the operands and
    /// the result are rounded as in <see cref="Linear"/>.
    /// </summary>
    public static Tensor Attention(Tensor query, Tensor key, Tensor value, bool causal, bool rounded = false)
    {
        if (query.dim() != 4 || !query.shape.AsSpan().SequenceEqual(key.shape) || !key.shape.AsSpan().SequenceEqual(value.shape))
            throw Mismatch(nameof(Attention), query, key);
        using var scope = NewDisposeScope();
        ScalarType type = rounded ? ScalarType.BFloat16 : query.dtype;
        Tensor mixed = nn.functional.scaled_dot_product_attention(query.to(type), key.to(type), value.to(type), is_casual: causal);
        return mixed.to(query.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The same for any number of queries: <paramref name="mask"/> [batch or 1, 1, queries, keys] is true where a query sees a key (null:
    /// everywhere).
    /// </summary>
    public static Tensor AttentionOver(Tensor query, Tensor key, Tensor value, Tensor? mask, bool rounded = false)
    {
        if (query.dim() != 4 || key.dim() != 4 || !key.shape.AsSpan().SequenceEqual(value.shape) || query.size(3) != key.size(3)
            || !query.shape.AsSpan(0, 2).SequenceEqual(key.shape.AsSpan(0, 2)))
            throw Mismatch(nameof(AttentionOver), query, key);
        if (mask is not null && !mask.shape.AsSpan().SequenceEqual([mask.size(0) == 1 ? 1 : query.size(0), 1, query.size(2), key.size(2)]))
            throw Mismatch(nameof(AttentionOver), query, mask);
        using var scope = NewDisposeScope();
        ScalarType type = rounded ? ScalarType.BFloat16 : query.dtype;
        Tensor mixed = nn.functional.scaled_dot_product_attention(query.to(type), key.to(type), value.to(type), mask);
        return mixed.to(query.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Minus the log-probability of each row's target in nats: logits [n, V] and targets [n] of Int64, which the caller has checked to be 0
    /// to V - 1, give [n] in at least 32 bits.
    /// </summary>
    public static Tensor CrossEntropy(Tensor logits, Tensor targets)
    {
        if (logits.dim() != 2 || targets.dim() != 1 || targets.dtype != ScalarType.Int64 || logits.size(0) != targets.size(0))
            throw Mismatch(nameof(CrossEntropy), logits, targets);
        if (logits.size(0) == 0)
            return logits.sum(1);
        using var scope = NewDisposeScope();
        return Widen(logits).log_softmax(-1).gather(1, targets.unsqueeze(1)).squeeze(1).neg().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The losses [n], in 64 bits, of positions under hybrid noise; see <see cref="Numerics.Kernels.HybridTerm"/>.
    /// </summary>
    /// <param name="logits">The logits [n, V] of the tokens that can be predicted.</param>
    /// <param name="leftOut">An id among them that is not predicted; -1 for none.</param>
    /// <param name="ids">The token of the text and the one seen, [n, 2] of Int64.</param>
    /// <param name="numbers">Ratio, weight of the divergence and weight of the ratio, [n, 3] of Float64.</param>
    public static Tensor HybridLoss(Tensor logits, int leftOut, Tensor ids, Tensor numbers)
    {
        if (logits.dim() != 2 || ids.dim() != 2 || logits.size(0) != ids.size(0))
            throw Mismatch(nameof(HybridLoss), logits, ids);
        if (numbers.dim() != 2 || logits.size(0) != numbers.size(0))
            throw Mismatch(nameof(HybridLoss), logits, numbers);
        using var scope = NewDisposeScope();
        Tensor wide = logits.to(ScalarType.Float64);
        if (leftOut >= 0)
        {
            using TorchSharp.Scalar nothing = TorchSharp.ScalarExtensionMethods.ToScalar(double.NegativeInfinity);
            wide = wide.index_fill(1, Upload.Integers([leftOut], logits.device), nothing);
        }
        Tensor probabilities = wide.softmax(1), ratio = numbers.narrow(1, 0, 1);
        Tensor target = probabilities.gather(1, ids.narrow(1, 0, 1)), seen = probabilities.gather(1, ids.narrow(1, 1, 1));
        Tensor sum = probabilities.mul(ratio).log1p().sum(1, keepdim: true);
        Tensor divergence = ratio.Plus(1).mul(ratio.log1p()) - ratio.mul(target.mul(ratio).log1p()) - sum;
        Tensor isTarget = ids.narrow(1, 0, 1).eq(ids.narrow(1, 1, 1)).to(ScalarType.Float64);
        Tensor quotient = isTarget.mul(ratio).Plus(1) / seen.mul(ratio).Plus(1);
        Tensor distance = quotient.Plus(-1) - quotient.log();
        Tensor loss = numbers.narrow(1, 1, 1).mul(divergence).Plus(numbers.narrow(1, 2, 1).mul(distance));
        return loss.squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The first place of the largest logit, it, the next largest, the log-sum-exp and the entropy of softmax(logits) of each row of logits
    /// [n, V] in at least 32 bits, V at least 2: [n, 5] in 64 bits, without a graph. Logits of minus infinity have no probability.
    /// </summary>
    public static Tensor Summarize(Tensor logits)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        (Tensor largest, _) = logits.topk(2, -1);
        Tensor top = largest.narrow(1, 0, 1);
        // The first of equal ones has the largest of these numbers.
        using Scalar most = logits.size(1).ToScalar(), none = 0L.ToScalar(), down = (-1L).ToScalar();
        Tensor countdown = arange(most, none, down, device: logits.device);
        Tensor id = logits.eq(top).mul(countdown).amax([1]).neg().Plus(logits.size(1));
        Tensor entropy = special.entr(logits.softmax(-1)).sum(-1);
        Tensor[] figures = [id, largest.select(1, 0), largest.select(1, 1), logits.logsumexp(-1), entropy];
        return stack(figures.Select(figure => figure.to(ScalarType.Float64)), 1).MoveToOuterDisposeScope();
    }

    /// <summary>The numbers in at least 32 bits.</summary>
    public static Tensor Widen(Tensor x) => x.to(x.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32);

    private static ArgumentException Mismatch(string what, Tensor a, Tensor b)
    {
        string Describe(Tensor one) => $"[{string.Join(", ", one.shape)}] ({one.dtype})";
        return new ArgumentException($"{what}: the shapes {Describe(a)} and {Describe(b)} do not fit together.");
    }
}
