using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>
/// Vocabulary product and a loss of its logits, such as cross-entropy, as one node of the graph. The logits [n, V] are the largest array of
/// a training step: they exist once, in memory of a pool (memory that torch allocates for one step could leave a hole in the heap), and
/// their gradient is written over them. With recomputation only a slice of rows exists at a time. A slice is a whole number of
/// <see cref="MatrixProduct"/>'s depth blocks, so the weight's gradient has the same bits either way. Products of rounded operands may be
/// <see cref="BFloat16Product"/>'s, whose bits are those of a product's size: they go by slices with and without recomputation.
/// </summary>
internal sealed unsafe class VocabularyLossFunction : GuardedFunction<VocabularyLossFunction>
{
    private const int SliceRows = MatrixProduct.Depth;

    /// <summary>
    /// The loss of each row, in nats, [n], for the logits of x [n, d], 32-bit floats on the processor, n at least
    /// 1.
    /// </summary>
    /// <param name="pass">Gets the backward pass's failure.</param>
    /// <param name="x">The states.</param>
    /// <param name="layer">The output layer. If its matrix is a leaf, the backward pass adds to its <c>grad</c> directly.</param>
    /// <param name="measure">The loss.</param>
    /// <param name="rounded">Whether the products' operands are rounded to bfloat16.</param>
    /// <param name="recompute">
    /// Whether the logits are not kept but computed again in the backward pass, slice by slice, to the same bits.
    /// </param>
    /// <param name="pool">Lends the logits' memory.</param>
    public static Tensor Run(
        BackwardPass pass, Tensor x, OutputLayer layer, IVocabularyLoss measure, bool rounded, bool recompute, BufferPool pool)
    {
        if (Gradients.AreWanted(x, layer.Weight, layer.Bias ?? layer.Weight))
            return apply(pass, x, layer.Weight, layer.Bias!, layer.Width, measure, rounded, recompute, pool);
        using Tensor logSums = empty(x.size(0), dtype: ScalarType.Float32);
        using PooledBuffer logits = Rent(pool, x, layer.Width, SliceRows);
        return Forward(x, layer, measure, rounded, logSums, logits.Pointer, SliceRows, keep: false);
    }

    protected override Tensor Evaluate(autograd.AutogradContext context, object[] arguments)
    {
        Tensor input = (Tensor)arguments[1];
        var layer = new OutputLayer((Tensor)arguments[2], (Tensor?)arguments[3], (int)arguments[4]);
        var measure = (IVocabularyLoss)arguments[5];
        bool rounded = (bool)arguments[6], recompute = (bool)arguments[7];
        var pool = (BufferPool)arguments[8];
        int rows = (int)input.size(0), slice = recompute || rounded ? SliceRows : rows;
        Tensor logSums = empty(rows, dtype: ScalarType.Float32);
        PooledBuffer logits = Rent(pool, input, layer.Width, recompute ? slice : rows);
        Tensor loss = Forward(input, layer, measure, rounded, logSums, logits.Pointer, slice, keep: !recompute);
        if (recompute)
            logits.Dispose();
        else
            context.save_data("logits", logits);
        context.save_for_backward(layer.Bias is null ? [input, layer.Weight, logSums] : [input, layer.Weight, logSums, layer.Bias]);
        context.save_data("width", layer.Width);
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
        var layer = new OutputLayer(weight, saved.ElementAtOrDefault(3), (int)context.get_data("width"));
        var measure = (IVocabularyLoss)context.get_data("measure");
        var kept = (PooledBuffer?)context.get_data("logits");
        bool rounded = (bool)context.get_data("rounded");
        int rows = (int)input.size(0), width = layer.Width, d = (int)weight.size(1);
        Tensor dLoss = gradient.contiguous(), matrix = weight.detach().contiguous(), from = input.detach().contiguous();
        Tensor? dInput = input.requires_grad ? empty(input.shape, dtype: ScalarType.Float32) : null, dWeight = null;
        bool direct = weight.is_leaf;
        if (weight.requires_grad && !direct)
            dWeight = zeros(weight.shape, dtype: ScalarType.Float32);
        float* w = TensorMemory.Floats(matrix), x = TensorMemory.Floats(from);
        float* dW = !weight.requires_grad ? null : direct ? Gradients.Address(weight) : TensorMemory.Floats(dWeight!);
        float* dBias = layer.Bias is { requires_grad: true } bias ? Gradients.Address(bias) : null;
        int slice = kept is null || rounded ? SliceRows : rows;
        using PooledBuffer logits = kept ?? Rent((BufferPool)context.get_data("pool"), input, width, slice);
        for (int first = 0; first < rows; first += slice)
        {
            int count = Math.Min(slice, rows - first);
            float* z = logits.Pointer + (kept is null ? 0 : (long)first * width);
            if (kept is null)
                layer.Multiply(x + (long)first * d, w, z, count, rounded);
            measure.Backward(z, first, count, width, TensorMemory.Floats(logSums) + first, TensorMemory.Floats(dLoss) + first);
            if (dInput is not null)
            {
                float* dX = TensorMemory.Floats(dInput) + (long)first * d;
                MatrixProduct.Multiply(count, d, width, z, width, false, w, d, false, dX, d, rounded: rounded);
            }
            if (dW is not null)
                MatrixProduct.Multiply(width, d, count, z, width, true, x + (long)first * d, d, false, dW, d, add: true, rounded);
            if (dBias is not null)
                BiasKernels.AddGradient(dBias, z, count, width);
        }
        dInput = dInput?.MoveToOuterDisposeScope();
        dWeight = dWeight?.MoveToOuterDisposeScope();
        return [null!, dInput!, dWeight!, null!, null!, null!, null!, null!, null!];
    }

    private static PooledBuffer Rent(BufferPool pool, Tensor input, int width, int slice) =>
        pool.Rent(Math.Min(slice, input.size(0)) * width);

    // Computes one slice after the other, all into the same logits, or each into its own where they are kept.
    private static Tensor Forward(
        Tensor input, OutputLayer layer, IVocabularyLoss measure, bool rounded, Tensor logSums, float* logits, int slice, bool keep)
    {
        int rows = (int)input.size(0), d = (int)layer.Weight.size(1);
        Tensor loss = empty(rows, dtype: ScalarType.Float32);
        using Tensor dense = input.contiguous(), matrix = layer.Weight.contiguous();
        float* x = TensorMemory.Floats(dense), w = TensorMemory.Floats(matrix);
        for (int first = 0; first < rows; first += slice)
        {
            int count = Math.Min(slice, rows - first);
            float* z = logits + (keep ? (long)first * layer.Width : 0);
            layer.Multiply(x + (long)first * d, w, z, count, rounded);
            measure.Forward(z, first, count, layer.Width, TensorMemory.Floats(loss) + first, TensorMemory.Floats(logSums) + first);
        }
        return loss;
    }
}
