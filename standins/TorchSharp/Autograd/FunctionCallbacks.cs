using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace TorchSharp;

/// <summary>What libtorch calls back when gradients reach a managed function, and when its node of the graph ends.</summary>
internal static unsafe class FunctionCallbacks
{
    private static readonly ConcurrentDictionary<long, torch.autograd.AutogradContext> Contexts = new();
    private static long s_next;

    public static delegate* unmanaged<long, IntPtr, IntPtr*, int, IntPtr*, int, void> Backward => &OnBackward;

    public static delegate* unmanaged<long, void> Release => &OnRelease;

    public static long Add(torch.autograd.AutogradContext context)
    {
        long id = Interlocked.Increment(ref s_next);
        Contexts[id] = context;
        return id;
    }

    public static void Remove(long id) => Contexts.TryRemove(id, out _);

    [UnmanagedCallersOnly]
    private static void OnBackward(long function, IntPtr node, IntPtr* gradients, int gradientCount, IntPtr* results, int resultCount)
    {
        try
        {
            using var scope = torch.NewDisposeScope();
            torch.autograd.AutogradContext context = Contexts[function];
            var incoming = new List<torch.Tensor>(gradientCount);
            for (int i = 0; i < gradientCount; i++)
                incoming.Add(torch.Tensor.Adopt(gradients[i]));
            List<torch.Tensor> outgoing = context.RunBackward(node, incoming);
            for (int i = 0; i < resultCount; i++)
            {
                if (outgoing[i] is null)
                    continue;
                Native.NativeMethods.Check(Native.NativeMethods.shim_tensor_alias(outgoing[i].Handle, out results[i]), "alias");
            }
        }
        catch (Exception e)
        {
            // As in the published package, where the exception meets native code.
            Environment.FailFast("A backward pass in managed code threw an exception.", e);
        }
    }

    [UnmanagedCallersOnly]
    private static void OnRelease(long function) => Remove(function);
}
