using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        public static IList<Tensor> grad(IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor> grad_outputs = default, bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            IntPtr[] results = new IntPtr[inputs.Count];
            unsafe
            {
                fixed (IntPtr* o = Handles(outputs), i = Handles(inputs), g = Handles(grad_outputs), r = results)
                    NativeMethods.Check(NativeMethods.shim_grad(o, g, outputs.Count, i, inputs.Count, retain_graph ? 1 : 0, create_graph ? 1 : 0, allow_unused ? 1 : 0, r), "grad");
            }
            GC.KeepAlive(outputs);
            GC.KeepAlive(inputs);
            GC.KeepAlive(grad_outputs);
            return Array.ConvertAll(results, Tensor.Adopt);
        }

        public static void backward(IList<Tensor> tensors, IList<Tensor> grad_tensors = default, bool? retain_graph = default, bool create_graph = false, IList<Tensor> inputs = default)
        {
            unsafe
            {
                fixed (IntPtr* t = Handles(tensors), g = Handles(grad_tensors), i = Handles(inputs))
                {
                    int status = NativeMethods.shim_backward_run(t, g, tensors.Count, retain_graph is { } retain ? (retain ? 1 : 0) : -1, create_graph ? 1 : 0, i, inputs?.Count ?? 0);
                    NativeMethods.Check(status, "backward");
                }
            }
            GC.KeepAlive(tensors);
            GC.KeepAlive(grad_tensors);
            GC.KeepAlive(inputs);
        }

        public static void backward(Tensor tensor, IList<Tensor> grad_tensors = default, bool? retain_graph = default, bool create_graph = false, IList<Tensor> inputs = default) =>
            backward([tensor], grad_tensors, retain_graph, create_graph, inputs);

        public static void backward(Tensor tensor, Tensor grad_tensor, bool? retain_graph = default, bool create_graph = false, IList<Tensor> inputs = default) =>
            backward([tensor], [grad_tensor], retain_graph, create_graph, inputs);

        public static AnomalyMode detect_anomaly(bool check_nan = true) => new(true, check_nan);

        public static AnomalyMode set_detect_anomaly(bool mode, bool check_nan = true) => new(mode, check_nan);

        internal static IntPtr[] Handles(IList<Tensor> tensors) => tensors is null ? null : [.. tensors.Select(t => t?.Handle ?? IntPtr.Zero)];
    }

    public partial class Tensor
    {
        public void backward() => autograd.backward([this]);

        public void backward(IList<Tensor> grad_tensors = default, bool create_graph = false, bool retain_graph = false, IList<Tensor> inputs = default) =>
            autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);
    }
}
