using TorchSharp.Native;

namespace TorchSharp;

// Random fillers.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor multinomial(long num_samples, bool replacement = false, Generator generator = default) => Operator.Call("aten::multinomial", "", this, num_samples, replacement, generator);

        public Tensor normal_(double mean = 0, double std = 1, Generator generator = default) => InPlace("aten::normal_", "", this, mean, std, generator);

        public Tensor uniform_(double from, double to, Generator generator = default) => InPlace("aten::uniform_", "", this, from, to, generator);
    }
}
