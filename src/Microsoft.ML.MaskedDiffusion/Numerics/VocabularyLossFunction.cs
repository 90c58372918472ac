using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics;

/// <summary>
/// Vocabulary product and cross-entropy as one node. The logits [n, V] are the largest single thing of a step: they exist once, and their gradient takes their place;
/// or, recomputed, a slice of rows at a time. A slice is a whole number of <see cref="MatrixProduct"/>'s depth blocks, so the weight's gradient has the same bits.
/// </summary>
internal sealed unsafe class VocabularyLossFunction : GuardedFunction<VocabularyLossFunction>
{
    private const int SliceRows = MatrixProduct.Depth;

    /// <summary>The loss of each row, without a graph.</summary>
    public static Tensor Compute(Tensor input, Tensor weight, Tensor targets, bool rounded)
    {
        using Tensor logSums = empty(input.size(0));
        return Forward(input, weight, targets, rounded, logSums, null);
    }

    protected override Tensor Evaluate(autograd.AutogradContext context, object[] arguments)
    {
        Tensor input = (Tensor)arguments[0], weight = (Tensor)arguments[1], targets = (Tensor)arguments[2];
        bool rounded = (bool)arguments[3], recompute = (bool)arguments[4];
        Tensor logSums = empty(input.size(0));
        Tensor? logits = recompute ? null : empty(input.size(0), weight.size(0));
        context.save_for_backward(logits is null ? [input, weight, targets, logSums] : [input, weight, targets, logSums, logits]);
        context.save_data("rounded", rounded);
        return Forward(input, weight, targets, rounded, logSums, logits);
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext context, Tensor gradient)
    {
        if (context.get_data("used") is not null) throw new InvalidOperationException("The backward pass through this loss has been run already; compute the loss again.");
        context.save_data("used", true);
        using var scope = NewDisposeScope();
        List<Tensor> saved = context.get_saved_variables();
        Tensor input = saved[0], weight = saved[1], targets = saved[2].contiguous(), logSums = saved[3];
        Tensor? logits = saved.Count > 4 ? saved[4] : null;
        bool rounded = (bool)context.get_data("rounded");
        int rows = (int)input.size(0), width = (int)weight.size(0), d = (int)weight.size(1);
        Tensor dLoss = gradient.contiguous(), matrix = weight.detach().contiguous(), from = input.detach().contiguous();
        Tensor? dInput = input.requires_grad ? empty(input.shape) : null, dWeight = null;
        bool direct = weight.is_leaf;
        if (weight.requires_grad && !direct) dWeight = zeros(weight.shape);
        float* w = TensorMemory.Floats(matrix), x = TensorMemory.Floats(from);
        float* dW = !weight.requires_grad ? null : direct ? Gradients.Address(weight) : TensorMemory.Floats(dWeight!);
        int slice = logits is null ? Math.Min(SliceRows, rows) : rows;
        float* z = TensorMemory.Floats(logits ?? empty(slice, width));
        for (int first = 0; first < rows; first += slice)
        {
            int count = Math.Min(slice, rows - first);
            if (logits is null) MatrixProduct.Multiply(count, width, d, x + (long)first * d, d, false, w, d, true, z, width, rounded: rounded);
            CrossEntropyKernels.Backward(z, TensorMemory.Integers(targets) + first, TensorMemory.Floats(logSums) + first, TensorMemory.Floats(dLoss) + first, z, count, width);
            if (dInput is not null) MatrixProduct.Multiply(count, d, width, z, width, false, w, d, false, TensorMemory.Floats(dInput) + (long)first * d, d, rounded: rounded);
            if (dW is not null) MatrixProduct.Multiply(width, d, count, z, width, true, x + (long)first * d, d, false, dW, d, add: true, rounded);
        }
        return [dInput?.MoveToOuterDisposeScope()!, dWeight?.MoveToOuterDisposeScope()!, null!, null!, null!];
    }

    // Into the logits, or through a slice of them that is not kept.
    private static Tensor Forward(Tensor input, Tensor weight, Tensor targets, bool rounded, Tensor logSums, Tensor? logits)
    {
        int rows = (int)input.size(0), width = (int)weight.size(0), d = (int)weight.size(1);
        int slice = logits is null ? Math.Min(SliceRows, rows) : rows;
        Tensor loss = empty(rows);
        using Tensor dense = input.contiguous(), matrix = weight.contiguous(), places = targets.contiguous();
        using Tensor? scratch = logits is null ? empty(slice, width) : null;
        float* z = TensorMemory.Floats(logits ?? scratch!), x = TensorMemory.Floats(dense);
        for (int first = 0; first < rows; first += slice)
        {
            int count = Math.Min(slice, rows - first);
            MatrixProduct.Multiply(count, width, d, x + (long)first * d, d, false, TensorMemory.Floats(matrix), d, true, z, width, rounded: rounded);
            CrossEntropyKernels.Forward(z, TensorMemory.Integers(places) + first, TensorMemory.Floats(loss) + first, TensorMemory.Floats(logSums) + first, count, width);
        }
        return loss;
    }
}
