using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Devices;

/// <summary>The rate of a large matrix product on a device in a type, of which a training's rate is a share (MFU).</summary>
internal static class DevicePeak
{
    private const int Repetitions = 10;

    /// <summary>Floating point operations a second of torch's fastest product, a multiplication and an addition counting two.</summary>
    public static double Measure(torch.Device place, ScalarType type)
    {
        long size = place.type == DeviceType.CUDA ? 8192 : 1024;
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor a = ones(size, size, dtype: type, device: place), b = ones(size, size, dtype: type, device: place);
        double best = double.PositiveInfinity;
        for (int i = 0; i < Repetitions; i++)
        {
            using var inner = NewDisposeScope();
            double seconds = Timing.Seconds(place, () => a.mm(b));
            // The first product also starts threads and libraries.
            if (i > 0)
                best = Math.Min(best, seconds);
        }
        return 2.0 * size * size * size / best;
    }
}
