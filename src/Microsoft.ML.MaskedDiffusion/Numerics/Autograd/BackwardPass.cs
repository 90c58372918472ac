using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>
/// Runs backward passes through the <see cref="GuardedFunction{T}"/>s that were made with this object, so that their failures are thrown as
/// what they were. Each network has its own: libtorch may run the functions on threads of its own, so a failure is kept here and not with a
/// thread. Backward passes through one network add to the same gradients, so they must not run at the same time; those of different
/// networks may.
/// </summary>
internal sealed class BackwardPass
{
    private Exception? _failure;

    /// <summary>
    /// Adds the gradients of <paramref name="loss"/>, one number, to its leaves; none where nothing that is learned has part in it.
    /// </summary>
    public void Run(Tensor loss)
    {
        if (loss.requires_grad)
            Guard(() => loss.backward());
    }

    /// <summary>
    /// Adds the gradients of <paramref name="output"/>, weighted by <paramref name="gradient"/> of its shape, to its leaves.
    /// </summary>
    public void Run(Tensor output, Tensor gradient) => Guard(() => autograd.backward(output, gradient));

    /// <summary>Keeps the failure of a function; the first one, if others follow from it.</summary>
    internal void Keep(Exception failure) => Interlocked.CompareExchange(ref _failure, failure, null);

    private void Guard(Action pass)
    {
        try
        {
            pass();
        }
        catch (ExternalException)
        {
            if (Interlocked.Exchange(ref _failure, null) is { } failure)
                ExceptionDispatchInfo.Throw(failure);
            throw;
        }
    }
}
