using TorchSharp.Native;

namespace TorchSharp.Modules;

/// <summary>A leaf tensor that an optimizer changes. It belongs to no dispose scope.</summary>
public class Parameter : torch.Tensor
{
    public Parameter(torch.Tensor data, bool requires_grad = true)
        : base(Detached(data))
    {
        DetachFromDisposeScope();
        this.requires_grad = requires_grad;
    }

    private static IntPtr Detached(torch.Tensor data)
    {
        using torch.Tensor detached = data.detach();
        NativeMethods.Check(NativeMethods.shim_tensor_alias(detached.Handle, out IntPtr handle), "Parameter");
        return handle;
    }
}
