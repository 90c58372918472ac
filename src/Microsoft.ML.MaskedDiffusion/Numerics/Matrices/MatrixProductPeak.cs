using System.Collections.Concurrent;
using System.Diagnostics;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>
/// The rate of a large fp32 matrix product on a device, of which reported speeds are a share. Measured once for each device, on first use,
/// in about a tenth of a second.
/// </summary>
internal static class MatrixProductPeak
{
    private const int Repetitions = 12;

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
        var best = TimeSpan.MaxValue;
        fixed (float* pa = a, pb = b, pc = product)
        {
            for (int i = 0; i < Repetitions; i++)
            {
                long start = Stopwatch.GetTimestamp();
                MatrixProduct.Multiply(size, size, size, pa, size, false, pb, size, false, pc, size);
                TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
                if (i > 0 && elapsed < best)
                    best = elapsed;
            }
        }
        return 2.0 * size * size * size / best.TotalSeconds;
    }

    private static double MeasureTorch(torch.Device device, int size, bool accelerator)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        torch.Tensor a = torch.ones(size, size, torch.ScalarType.Float32, device),
            b = torch.ones(size, size, torch.ScalarType.Float32, device);
        var best = TimeSpan.MaxValue;
        for (int i = 0; i < Repetitions; i++)
        {
            long start = Stopwatch.GetTimestamp();
            using torch.Tensor product = a.mm(b);
            if (accelerator)
                torch.cuda.synchronize(device);
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            // The first product is not measured, since it also starts threads and libraries.
            if (i > 0 && elapsed < best)
                best = elapsed;
        }
        return 2.0 * size * size * size / best.TotalSeconds;
    }
}
