using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>
/// Vocabulary product and cross-entropy as one node. The logits [n, V] are the largest single thing of a step: they exist once, in memory of a pool (torch's could leave
/// a hole in the heap with a step), and their gradient takes their place; or, recomputed, a slice of rows at a time. A slice is a whole number of
/// <see cref="MatrixProduct"/>'s depth blocks, so the weight's gradient has the same bits.
/// </summary>
internal sealed unsafe class VocabularyLossFunction : GuardedFunction<VocabularyLossFunction>
{
    private const int SliceRows = MatrixProduct.Depth;

    /// <summary>The loss of each row, without a graph.</summary>
    public static Tensor Compute(Tensor input, Tensor weight, Tensor targets, bool rounded, BufferPool pool)
    {
        using Tensor logSums = empty(input.size(0));
        using PooledBuffer logits = Rent(pool, input, weight, SliceRows);
        return Forward(input, weight, targets, rounded, logSums, logits.Pointer, SliceRows);
    }

    protected override Tensor Evaluate(autograd.AutogradContext context, object[] arguments)
    {
        Tensor input = (Tensor)arguments[0], weight = (Tensor)arguments[1], targets = (Tensor)arguments[2];
        bool rounded = (bool)arguments[3], recompute = (bool)arguments[4];
        var pool = (BufferPool)arguments[5];
        int slice = recompute ? SliceRows : (int)input.size(0);
        Tensor logSums = empty(input.size(0));
        PooledBuffer logits = Rent(pool, input, weight, slice);
        Tensor loss = Forward(input, weight, targets, rounded, logSums, logits.Pointer, slice);
        if (recompute)
            logits.Dispose();
        else
            context.save_data("logits", logits);
        context.save_for_backward([input, weight, targets, logSums]);
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
        Tensor input = saved[0], weight = saved[1], targets = saved[2].contiguous(), logSums = saved[3];
        var kept = (PooledBuffer?)context.get_data("logits");
        bool rounded = (bool)context.get_data("rounded");
        int rows = (int)input.size(0), width = (int)weight.size(0), d = (int)weight.size(1);
        Tensor dLoss = gradient.contiguous(), matrix = weight.detach().contiguous(), from = input.detach().contiguous();
        Tensor? dInput = input.requires_grad ? empty(input.shape) : null, dWeight = null;
        bool direct = weight.is_leaf;
        if (weight.requires_grad && !direct)
            dWeight = zeros(weight.shape);
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
            CrossEntropyKernels.Backward(z, TensorMemory.Integers(targets) + first, TensorMemory.Floats(logSums) + first, TensorMemory.Floats(dLoss) + first, z, count, width);
            if (dInput is not null)
                MatrixProduct.Multiply(count, d, width, z, width, false, w, d, false, TensorMemory.Floats(dInput) + (long)first * d, d, rounded: rounded);
            if (dW is not null)
                MatrixProduct.Multiply(width, d, count, z, width, true, x + (long)first * d, d, false, dW, d, add: true, rounded);
        }
        return [dInput?.MoveToOuterDisposeScope()!, dWeight?.MoveToOuterDisposeScope()!, null!, null!, null!, null!];
    }

    private static PooledBuffer Rent(BufferPool pool, Tensor input, Tensor weight, int slice) => pool.Rent(Math.Min(slice, input.size(0)) * weight.size(0));

    // Slice after slice into the same logits z.
    private static Tensor Forward(Tensor input, Tensor weight, Tensor targets, bool rounded, Tensor logSums, float* z, int slice)
    {
        int rows = (int)input.size(0), width = (int)weight.size(0), d = (int)weight.size(1);
        Tensor loss = empty(rows);
        using Tensor dense = input.contiguous(), matrix = weight.contiguous(), places = targets.contiguous();
        float* x = TensorMemory.Floats(dense);
        for (int first = 0; first < rows; first += slice)
        {
            int count = Math.Min(slice, rows - first);
            MatrixProduct.Multiply(count, width, d, x + (long)first * d, d, false, TensorMemory.Floats(matrix), d, true, z, width, rounded: rounded);
            CrossEntropyKernels.Forward(z, TensorMemory.Integers(places) + first, TensorMemory.Floats(loss) + first, TensorMemory.Floats(logSums) + first, count, width);
        }
        return loss;
    }
}
