using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>
/// A function of torch's graph whose backward pass is ours and may fail. TorchSharp calls it from native code, and an exception that
/// reached native code would end the process. So a failure is kept by the <see cref="BackwardPass"/> that is the function's first argument,
/// and gradients of an impossible shape make libtorch stop; the <see cref="BackwardPass"/> then throws what it kept. Tensors among the
/// arguments need at least one dimension.
/// </summary>
/// <typeparam name="T">The function itself.</typeparam>
internal abstract class GuardedFunction<T> : autograd.SingleTensorFunction<T>
    where T : GuardedFunction<T>, new()
{
    private const string Pass = "pass";
    private const string Tensors = "tensors";

    public sealed override string Name => typeof(T).Name;

    public sealed override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        ctx.save_data(Pass, (BackwardPass)vars[0]);
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
            ((BackwardPass)ctx.get_data(Pass)).Keep(failure);
            return [.. ((bool[])ctx.get_data(Tensors))
                .Select(isTensor => isTensor ? zeros(Array.Empty<long>(), ScalarType.Float32) : null!)];
        }
    }

    /// <summary>
    /// The forward pass: the result for the arguments. It stores what the backward pass needs in <paramref name="context"/>.
    /// </summary>
    protected abstract Tensor Evaluate(autograd.AutogradContext context, object[] arguments);

    /// <summary>The backward pass: a gradient for each argument, null for an argument that is no tensor or needs no gradient.</summary>
    protected abstract List<Tensor> Differentiate(autograd.AutogradContext context, Tensor gradient);
}
