using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>Runs backward passes through our own functions so that their failures come out as what they were. Thread-safe.</summary>
internal static class BackwardPass
{
    private static Exception? _failure;

    /// <summary>Adds the gradients of <paramref name="loss"/>, one number, to its leaves.</summary>
    public static void Run(Tensor loss) => Guard(() => loss.backward());

    /// <summary>Adds the gradients of <paramref name="output"/>, weighted by <paramref name="gradient"/> of its shape, to its leaves.</summary>
    public static void Run(Tensor output, Tensor gradient) => Guard(() => autograd.backward(output, gradient));

    /// <summary>Keeps the failure of a <see cref="GuardedFunction{T}"/>, the first if several follow from it.</summary>
    internal static void Keep(Exception failure) => Interlocked.CompareExchange(ref _failure, failure, null);

    private static void Guard(Action pass)
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
