using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>
/// Vocabulary product and a loss of its logits, such as cross-entropy, as one node of the graph. The logits [n, V] are the largest array of
/// a training step: they exist once, in memory of a pool (memory that torch allocates for one step could leave a hole in the heap), and
/// their gradient is written over them. With recomputation only a slice of rows exists at a time. A slice is a whole number of
/// <see cref="MatrixProduct"/>'s depth blocks, so the weight's gradient has the same bits either way.
/// </summary>
internal sealed unsafe class VocabularyLossFunction : GuardedFunction<VocabularyLossFunction>
{
    private const int SliceRows = MatrixProduct.Depth;

    /// <summary>
    /// The loss of each row in nats, [n], for the logits x W^T of x [n, d] and W [V, d], both 32-bit floats on the processor, n at least 1.
    /// </summary>
    /// <param name="pass">Gets the backward pass's failure.</param>
    /// <param name="x">The states.</param>
    /// <param name="weight">The output layer. If it is a leaf, the backward pass adds to its <c>grad</c> directly.</param>
    /// <param name="measure">The loss.</param>
    /// <param name="rounded">Whether the products' operands are rounded to bfloat16.</param>
    /// <param name="recompute">
    /// Whether the logits are not kept but computed again in the backward pass, slice by slice, to the same bits.
    /// </param>
    /// <param name="pool">Lends the logits' memory.</param>
    public static Tensor Run(
        BackwardPass pass, Tensor x, Tensor weight, IVocabularyLoss measure, bool rounded, bool recompute, BufferPool pool)
    {
        if (Gradients.AreWanted(x, weight))
            return apply(pass, x, weight, measure, rounded, recompute, pool);
        using Tensor logSums = empty(x.size(0), dtype: ScalarType.Float32);
        using PooledBuffer logits = Rent(pool, x, weight, SliceRows);
        return Forward(x, weight, measure, rounded, logSums, logits.Pointer, SliceRows);
    }

    protected override Tensor Evaluate(autograd.AutogradContext context, object[] arguments)
    {
        Tensor input = (Tensor)arguments[1], weight = (Tensor)arguments[2];
        var measure = (IVocabularyLoss)arguments[3];
        bool rounded = (bool)arguments[4], recompute = (bool)arguments[5];
        var pool = (BufferPool)arguments[6];
        int slice = recompute ? SliceRows : (int)input.size(0);
        Tensor logSums = empty(input.size(0), dtype: ScalarType.Float32);
        PooledBuffer logits = Rent(pool, input, weight, slice);
        Tensor loss = Forward(input, weight, measure, rounded, logSums, logits.Pointer, slice);
        if (recompute)
            logits.Dispose();
        else
            context.save_data("logits", logits);
        context.save_for_backward([input, weight, logSums]);
        context.save_data("measure", measure);
        context.save_data("rounded", rounded);
        context.save_data("pool", pool);
        return loss;
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext context, Tensor gradient)
    {
        if (context.get_data("used") is not null)
            throw new InvalidOperationException("The backward pass through this loss has been run already; compute the loss again.");
        context.save_data("used", true);
        using var scope = NewDisposeScope();
        List<Tensor> saved = context.get_saved_variables();
        Tensor input = saved[0], weight = saved[1], logSums = saved[2];
        var measure = (IVocabularyLoss)context.get_data("measure");
        var kept = (PooledBuffer?)context.get_data("logits");
        bool rounded = (bool)context.get_data("rounded");
        int rows = (int)input.size(0), width = (int)weight.size(0), d = (int)weight.size(1);
        Tensor dLoss = gradient.contiguous(), matrix = weight.detach().contiguous(), from = input.detach().contiguous();
        Tensor? dInput = input.requires_grad ? empty(input.shape, dtype: ScalarType.Float32) : null, dWeight = null;
        bool direct = weight.is_leaf;
        if (weight.requires_grad && !direct)
            dWeight = zeros(weight.shape, dtype: ScalarType.Float32);
        float* w = TensorMemory.Floats(matrix), x = TensorMemory.Floats(from);
        float* dW = !weight.requires_grad ? null : direct ? Gradients.Address(weight) : TensorMemory.Floats(dWeight!);
        int slice = kept is null ? SliceRows : rows;
        using PooledBuffer logits = kept ?? Rent((BufferPool)context.get_data("pool"), input, weight, slice);
        float* z = logits.Pointer;
        for (int first = 0; first < rows; first += slice)
        {
            int count = Math.Min(slice, rows - first);
            if (kept is null)
                MatrixProduct.Multiply(count, width, d, x + (long)first * d, d, false, w, d, true, z, width, rounded: rounded);
            measure.Backward(z, first, count, width, TensorMemory.Floats(logSums) + first, TensorMemory.Floats(dLoss) + first);
            if (dInput is not null)
            {
                float* dX = TensorMemory.Floats(dInput) + (long)first * d;
                MatrixProduct.Multiply(count, d, width, z, width, false, w, d, false, dX, d, rounded: rounded);
            }
            if (dW is not null)
                MatrixProduct.Multiply(width, d, count, z, width, true, x + (long)first * d, d, false, dW, d, add: true, rounded);
        }
        return [null!, dInput?.MoveToOuterDisposeScope()!, dWeight?.MoveToOuterDisposeScope()!, null!, null!, null!, null!];
    }

    private static PooledBuffer Rent(BufferPool pool, Tensor input, Tensor weight, int slice) =>
        pool.Rent(Math.Min(slice, input.size(0)) * weight.size(0));

    // Computes one slice after the other, all into the same logits z.
    private static Tensor Forward(Tensor input, Tensor weight, IVocabularyLoss measure, bool rounded, Tensor logSums, float* z, int slice)
    {
        int rows = (int)input.size(0), width = (int)weight.size(0), d = (int)weight.size(1);
        Tensor loss = empty(rows, dtype: ScalarType.Float32);
        using Tensor dense = input.contiguous(), matrix = weight.contiguous();
        float* x = TensorMemory.Floats(dense), w = TensorMemory.Floats(matrix);
        for (int first = 0; first < rows; first += slice)
        {
            int count = Math.Min(slice, rows - first);
            MatrixProduct.Multiply(count, width, d, x + (long)first * d, d, false, w, d, true, z, width, rounded: rounded);
            measure.Forward(z, first, count, width, TensorMemory.Floats(loss) + first, TensorMemory.Floats(logSums) + first);
        }
        return loss;
    }
}
