using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>
/// A function of torch's graph with a backward pass of our own that may fail. TorchSharp calls it from native code, through which no exception may pass: the process
/// would end. So a failure is kept, and gradients of no possible shape tell libtorch to stop; <see cref="BackwardPass"/> throws what was kept. Tensors among the
/// arguments need at least one dimension.
/// </summary>
/// <typeparam name="T">The function itself.</typeparam>
internal abstract class GuardedFunction<T> : autograd.SingleTensorFunction<T>
    where T : GuardedFunction<T>, new()
{
    private const string Tensors = "tensors";

    public sealed override string Name => typeof(T).Name;

    public sealed override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        ctx.save_data(Tensors, Array.ConvertAll(vars, argument => argument is Tensor));
        return Evaluate(ctx, vars);
    }

    public sealed override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        try
        {
            return Differentiate(ctx, grad_output);
        }
        catch (Exception failure)
        {
            BackwardPass.Keep(failure);
            return [.. ((bool[])ctx.get_data(Tensors)).Select(isTensor => isTensor ? zeros(Array.Empty<long>()) : null!)];
        }
    }

    /// <summary>The forward pass: the result for the arguments; what the backward pass needs goes into <paramref name="context"/>.</summary>
    protected abstract Tensor Evaluate(autograd.AutogradContext context, object[] arguments);

    /// <summary>The backward pass: a gradient for each argument, null for what is no tensor or needs none.</summary>
    protected abstract List<Tensor> Differentiate(autograd.AutogradContext context, Tensor gradient);
}
