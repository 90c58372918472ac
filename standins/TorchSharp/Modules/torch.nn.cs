using TorchSharp.Modules;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public enum Reduction
        {
            None,
            Mean,
            Sum,
        }

        public static Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);

        public static partial class functional
        {
            public static Tensor linear(Tensor input, Tensor weights, Tensor bias = default) => Operator.Call("aten::linear", "", input, weights, bias);

            public static Tensor silu(Tensor x, bool inplace = false) => inplace ? Operator.Call("aten::silu_", "", x) : x.silu();

            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = default) => input.softmax(dim, dtype);

            public static Tensor log_softmax(Tensor x, long dim) => x.log_softmax(dim);

            public static Tensor one_hot(Tensor x, long num_classes = -1) => Operator.Call("aten::one_hot", "", x, num_classes);

            public static Tensor cross_entropy(Tensor input, Tensor target, Tensor weight = default, long ignore_index = -100, Reduction reduction = Reduction.Mean, double label_smoothing = 0) =>
                Operator.Call("aten::cross_entropy_loss", "", input, target, weight, (long)reduction, ignore_index, label_smoothing);

            private static readonly Lazy<bool> Fused = new(() => Operator.Exists("aten::scaled_dot_product_attention", ""));

            public static Tensor scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor attn_mask = default, double p = 0, bool is_casual = false)
            {
                // libtorch before 2.0 has no such operator; after, it has a faster one than this composition.
                if (Fused.Value)
                    return Operator.Call("aten::scaled_dot_product_attention", "", query, key, value, attn_mask, p, is_casual);
                using var scope = NewDisposeScope();
                double scale = 1 / Math.Sqrt(query.shape[^1]);
                Tensor scores = (query * scale).matmul(key.transpose(-2, -1));
                if (is_casual)
                    scores = scores.masked_fill(ones([query.shape[^2], key.shape[^2]], ScalarType.Bool, query.device).triu(1), double.NegativeInfinity);
                if (attn_mask is not null)
                    scores = attn_mask.dtype == ScalarType.Bool ? scores.masked_fill(attn_mask.logical_not(), double.NegativeInfinity) : scores + attn_mask;
                Tensor weights = scores.softmax(-1);
                if (p > 0)
                    weights = Operator.Call("aten::dropout", "", weights, p, true);
                return weights.matmul(value).MoveToOuterDisposeScope();
            }
        }

        public static partial class utils
        {
            /// <summary>Scales all gradients by one factor so that their joint norm is at most <paramref name="max_norm"/>; returns the norm before.</summary>
            public static double clip_grad_norm_(IEnumerable<Parameter> tensors, double max_norm, double norm_type = 2)
            {
                using var scope = NewDisposeScope();
                Tensor[] gradients = [.. tensors.Select(t => t.grad).Where(g => g is not null)];
                if (gradients.Length == 0)
                    return 0;
                Tensor[] norms = Operator.CallList("aten::_foreach_norm", "Scalar", Arg.List(gradients), norm_type);
                Tensor total = Operator.Call("aten::norm", "Scalar", stack(norms), norm_type);
                Tensor factor = ((total + 1e-6).pow(-1) * max_norm).clamp(max: 1.0);
                foreach (Tensor gradient in gradients)
                    gradient.mul_(factor);
                return total.ToDouble();
            }
        }
    }
}
