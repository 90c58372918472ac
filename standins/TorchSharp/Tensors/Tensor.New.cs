namespace TorchSharp;

// New tensors of this one's type and device.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor rand_like(ScalarType? dtype = default, Device device = default, bool requires_grad = false) => torch.rand_like(this, dtype, device, requires_grad);

        public Tensor randn_like(ScalarType? dtype = default, Device device = default, bool requires_grad = false) => torch.randn_like(this, dtype, device, requires_grad);

        public Tensor randint_like(long low, long high, ScalarType? dtype = default, Device device = default, bool requires_grad = false) => torch.randint_like(this, low, high, dtype, device, requires_grad);

        public Tensor zeros_like(ScalarType? dtype = default, Device device = default, bool requires_grad = false) => torch.zeros_like(this, dtype, device, requires_grad);

        public Tensor ones_like(ScalarType? dtype = default, Device device = default, bool requires_grad = false) => torch.ones_like(this, dtype, device, requires_grad);
    }
}
