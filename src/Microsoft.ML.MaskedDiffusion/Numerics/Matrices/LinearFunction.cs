using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>y = x W^T on our matrix product, its operands as they are or rounded to bfloat16. The gradient of a leaf W is added to its grad directly.</summary>
internal sealed unsafe class LinearFunction : GuardedFunction<LinearFunction>
{
    public static Tensor Compute(Tensor input, Tensor weight, bool rounded)
    {
        int outputs = (int)weight.size(0), inputs = (int)weight.size(1);
        long[] shape = input.shape;
        shape[^1] = outputs;
        Tensor result = empty(shape);
        using Tensor dense = input.contiguous(), matrix = weight.contiguous();
        int rows = checked((int)(input.NumberOfElements / inputs));
        MatrixProduct.Multiply(rows, outputs, inputs, TensorMemory.Floats(dense), inputs, false, TensorMemory.Floats(matrix), inputs, true, TensorMemory.Floats(result), outputs, rounded: rounded);
        return result;
    }

    protected override Tensor Evaluate(autograd.AutogradContext context, object[] arguments)
    {
        Tensor input = (Tensor)arguments[0], weight = (Tensor)arguments[1];
        bool rounded = (bool)arguments[2];
        context.save_for_backward([input, weight]);
        context.save_data("rounded", rounded);
        return Compute(input, weight, rounded);
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext context, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        List<Tensor> saved = context.get_saved_variables();
        Tensor input = saved[0], weight = saved[1];
        bool rounded = (bool)context.get_data("rounded");
        int outputs = (int)weight.size(0), inputs = (int)weight.size(1), rows = checked((int)(input.NumberOfElements / inputs));
        Tensor dense = gradient.contiguous(), matrix = weight.detach().contiguous(), from = input.detach().contiguous();
        float* dy = TensorMemory.Floats(dense);
        Tensor? dInput = null, dWeight = null;
        if (input.requires_grad)
        {
            dInput = empty(input.shape);
            MatrixProduct.Multiply(rows, inputs, outputs, dy, outputs, false, TensorMemory.Floats(matrix), inputs, false, TensorMemory.Floats(dInput), inputs, rounded: rounded);
        }
        if (weight.requires_grad)
        {
            bool direct = weight.is_leaf;
            if (!direct)
                dWeight = empty(weight.shape);
            float* target = direct ? Gradients.Address(weight) : TensorMemory.Floats(dWeight!);
            MatrixProduct.Multiply(outputs, inputs, rows, dy, outputs, true, TensorMemory.Floats(from), inputs, false, target, inputs, add: direct, rounded);
        }
        return [dInput?.MoveToOuterDisposeScope()!, dWeight?.MoveToOuterDisposeScope()!, null!];
    }
}
