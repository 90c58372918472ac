using TorchSharp.Native;

namespace TorchSharp;

// Random numbers beyond the factories.
public static partial class torch
{
    public static long seed() => Generator.Default.seed();

    public static long initial_seed() => Generator.Default.initial_seed();

    public static Tensor get_rng_state() => Generator.Default.get_state();

    public static void set_rng_state(Tensor new_state) => Generator.Default.set_state(new_state);

    public static Tensor normal(Tensor mean, Tensor std, Generator generator = default) => Operator.Call("aten::normal", "Tensor_Tensor", mean, std, generator);

    public static Tensor normal(double mean, double std, ReadOnlySpan<long> size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) =>
        Finish(empty(size, dtype, device).normal_(mean, std, generator), requires_grad);

    public static Tensor rand_like(Tensor input, ScalarType? dtype = default, Device device = default, bool requires_grad = false) => rand(input.shape, dtype ?? input.dtype, device ?? input.device, requires_grad);

    public static Tensor randn_like(Tensor input, ScalarType? dtype = default, Device device = default, bool requires_grad = false) => randn(input.shape, dtype ?? input.dtype, device ?? input.device, requires_grad);

    public static Tensor randint_like(Tensor input, long low, long high, ScalarType? dtype = default, Device device = default, bool requires_grad = false) =>
        randint(low, high, input.shape, dtype ?? input.dtype, device ?? input.device, requires_grad);

    public static Tensor randint(long low, long high, Size size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) =>
        randint(low, high, size.Shape, dtype, device, requires_grad, generator);

    public static Tensor randint(long high, Size size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) =>
        randint(0, high, size.Shape, dtype, device, requires_grad, generator);

    public static Tensor randint(int low, int high, int[] size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) =>
        randint(low, high, Array.ConvertAll(size, one => (long)one), dtype, device, requires_grad, generator);

    public static Tensor randint(int high, int[] size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) =>
        randint(0L, high, Array.ConvertAll(size, one => (long)one), dtype, device, requires_grad, generator);

    public static class random
    {
        public static long seed() => torch.seed();

        public static long initial_seed() => torch.initial_seed();

        public static Generator manual_seed(long seed) => torch.manual_seed(seed);

        public static Tensor get_rng_state() => torch.get_rng_state();

        public static void set_rng_state(Tensor new_state) => torch.set_rng_state(new_state);
    }
}
