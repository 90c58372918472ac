namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Fills tensors with first values, without recording it for backward.</summary>
        public static class init
        {
            public static Tensor ones_(Tensor tensor) => constant_(tensor, 1);

            public static Tensor zeros_(Tensor tensor) => constant_(tensor, 0);

            public static Tensor constant_(Tensor tensor, Scalar val) => Unrecorded(() => tensor.fill_(val));

            public static Tensor uniform_(Tensor tensor, double low = 0, double high = 1, Generator generator = null) => Unrecorded(() => tensor.uniform_(low, high, generator));

            public static Tensor normal_(Tensor tensor, double mean = 0, double std = 1, Generator generator = null) => Unrecorded(() => tensor.normal_(mean, std, generator));

            private static Tensor Unrecorded(Func<Tensor> fill)
            {
                using (no_grad())
                    return fill();
            }
        }
    }
}
