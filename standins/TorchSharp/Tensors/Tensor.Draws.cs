namespace TorchSharp;

// Fillers of further distributions.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor bernoulli_(Tensor p, Generator generator = default) => InPlace("aten::bernoulli_", "Tensor", this, p, generator);

        public Tensor exponential_(double lambda = 1, Generator generator = default) => InPlace("aten::exponential_", "", this, lambda, generator);

        public Tensor random_(double from, double to, Generator generator = default) => InPlace("aten::random_", "from", this, (long)from, (long)to, generator);
    }
}
