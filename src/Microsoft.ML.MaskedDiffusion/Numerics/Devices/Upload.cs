using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Devices;

/// <summary>
/// Copies arrays to a device without waiting for it. A copy from ordinary memory to a GPU waits until the GPU has done all of its earlier
/// work; a copy from pinned memory takes its turn in the GPU's queue. libtorch keeps the pinned memory until the copy is done.
/// </summary>
internal static class Upload
{
    /// <summary>The values as Int64 in the given shape.</summary>
    public static Tensor Integers(long[] values, long[] shape, Device device) => ToDevice(tensor(values, shape), device);

    /// <summary>The values as one row of Int64.</summary>
    public static Tensor Integers(long[] values, Device device) => Integers(values, [values.Length], device);

    /// <summary>The values as one row of <paramref name="type"/>.</summary>
    public static Tensor Floats(float[] values, ScalarType type, Device device) => ToDevice(tensor(values, type), device);

    /// <summary>The values as Float64 in the given shape.</summary>
    public static Tensor Doubles(double[] values, long[] shape, Device device) => ToDevice(tensor(values, shape), device);

    private static Tensor ToDevice(Tensor host, Device device)
    {
        if (device.type == DeviceType.CPU)
            return host;
        using (host)
        {
            if (device.type != DeviceType.CUDA)
                return host.to(device);
            using Tensor pinned = host.pin_memory();
            return pinned.to(device, non_blocking: true);
        }
    }
}
