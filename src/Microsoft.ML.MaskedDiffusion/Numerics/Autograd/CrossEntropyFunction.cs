using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>Cross-entropy per row in one pass each way; only the logits and a number a row are kept.</summary>
internal sealed unsafe class CrossEntropyFunction : GuardedFunction<CrossEntropyFunction>
{
    public static (Tensor Loss, Tensor LogSums) Compute(Tensor logits, Tensor targets)
    {
        int rows = (int)logits.size(0), width = (int)logits.size(1);
        Tensor loss = empty(rows), logSums = empty(rows);
        using Tensor dense = logits.contiguous(), places = targets.contiguous();
        CrossEntropyKernels.Forward(TensorMemory.Floats(dense), TensorMemory.Integers(places), TensorMemory.Floats(loss), TensorMemory.Floats(logSums), rows, width);
        return (loss, logSums);
    }

    protected override Tensor Evaluate(autograd.AutogradContext context, object[] arguments)
    {
        Tensor logits = (Tensor)arguments[0], targets = (Tensor)arguments[1];
        (Tensor loss, Tensor logSums) = Compute(logits, targets);
        context.save_for_backward([logits, targets, logSums]);
        return loss;
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext context, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        List<Tensor> saved = context.get_saved_variables();
        Tensor logits = saved[0].detach().contiguous(), targets = saved[1].contiguous(), logSums = saved[2], dLoss = gradient.contiguous();
        Tensor dLogits = empty(logits.shape);
        CrossEntropyKernels.Backward(TensorMemory.Floats(logits), TensorMemory.Integers(targets), TensorMemory.Floats(logSums), TensorMemory.Floats(dLoss), TensorMemory.Floats(dLogits),
            (int)logits.size(0), (int)logits.size(1));
        return [dLogits.MoveToOuterDisposeScope(), null!];
    }
}
