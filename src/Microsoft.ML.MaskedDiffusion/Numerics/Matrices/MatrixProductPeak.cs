using System.Collections.Concurrent;
using System.Diagnostics;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>
/// The rate of a large fp32 matrix product on a device, of which reported speeds are a share. Measured once for each device, on first use,
/// in a tenth or two of a second.
/// </summary>
internal static class MatrixProductPeak
{
    // Products are repeated until their time is up, the first apart: it also starts threads and libraries, and compiles.
    private const int FewestRepetitions = 3, MostRepetitions = 12;

    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(0.05);

    private static readonly ConcurrentDictionary<string, Lazy<double>> Measured = new();

    /// <summary>Floating point operations per second, a multiplication and an addition counting two.</summary>
    public static double Of(torch.Device device)
    {
        bool accelerator = device.type == DeviceType.CUDA;
        string key = accelerator ? $"cuda:{device.index}" : "cpu";
        return Measured.GetOrAdd(key, _ => new Lazy<double>(() => Measure(device))).Value;
    }

    /// <summary>
    /// Measures once more. On the processor the faster of libtorch's product and our own counts: a BLAS may not know the processor's widest
    /// vectors.
    /// </summary>
    public static double Measure(torch.Device device) =>
        device.type == DeviceType.CUDA ? MeasureTorch(device, 4096, true) : Math.Max(MeasureTorch(device, 1024, false), MeasureOwn(1024));

    private static unsafe double MeasureOwn(int size)
    {
        float[] a = new float[size * size], b = new float[size * size], product = new float[size * size];
        Array.Fill(a, 1);
        Array.Fill(b, 1);
        fixed (float* pa = a, pb = b, pc = product)
        {
            float* from = pa, by = pb, to = pc;
            return RateOf(size, () => MatrixProduct.Multiply(size, size, size, from, size, false, by, size, false, to, size));
        }
    }

    private static double MeasureTorch(torch.Device device, int size, bool accelerator)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        torch.Tensor a = torch.ones(size, size, torch.ScalarType.Float32, device),
            b = torch.ones(size, size, torch.ScalarType.Float32, device);
        return RateOf(size, () =>
        {
            using torch.Tensor product = a.mm(b);
            if (accelerator)
                torch.cuda.synchronize(device);
        });
    }

    private static double RateOf(int size, Action multiply)
    {
        multiply();
        var best = TimeSpan.MaxValue;
        long begin = Stopwatch.GetTimestamp();
        for (int i = 0; i < MostRepetitions && (i < FewestRepetitions || Stopwatch.GetElapsedTime(begin) < Enough); i++)
        {
            long start = Stopwatch.GetTimestamp();
            multiply();
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            if (elapsed < best)
                best = elapsed;
        }
        return 2.0 * size * size * size / best.TotalSeconds;
    }
}
