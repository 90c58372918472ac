using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            public static Tensor relu(Tensor x, bool inplace = false) => inplace ? x.relu_() : x.relu();

            public static Tensor gelu(Tensor x) => x.gelu();

            public static Tensor sigmoid(Tensor x) => x.sigmoid();

            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
            {
                if (p is < 0 or > 1)
                    throw new ArgumentException($"dropout probability has to be between 0 and 1, but got {p}");
                if (!inplace)
                    return Operator.Call("aten::dropout", "", input, p, training);
                Operator.Run("aten::dropout_", "", input, p, training);
                return input;
            }

            public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor weight = default, Tensor bias = default, double eps = 1e-05) =>
                Operator.Call("aten::layer_norm", "", input, normalized_shape, weight, bias, eps);

            public static Tensor nll_loss(Tensor input, Tensor target, Tensor weight = default, Reduction reduction = Reduction.Mean) =>
                Operator.Call("aten::nll_loss_nd", "", input, target, weight, (long)reduction);
        }
    }
}
