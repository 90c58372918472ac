using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Options;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Devices;

/// <summary>The <c>Device</c> option: "auto", "cpu", "cuda" or "cuda:1".</summary>
internal static class DeviceChoice
{
    public const string Auto = "auto";

    private const string AddCuda = "add the package TorchSharp-cuda-linux (TorchSharp-cuda-windows) and a driver";

    /// <summary>Checks how the choice is written, without loading libtorch.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of the known forms.</exception>
    public static void Validate(string device) => _ = Parse(device);

    /// <summary>Checks that this machine has the device, before work is done for it.</summary>
    /// <exception cref="ArgumentException">The choice is badly written, or this machine has no such device.</exception>
    public static void RequireAvailable(string device) => _ = Resolve(device);

    /// <summary>
    /// The device that the choice means on this machine: "auto" is the first NVIDIA GPU that libtorch can use, else the processor.
    /// </summary>
    /// <exception cref="ArgumentException">The choice is badly written, or this machine has no such device.</exception>
    public static torch.Device Resolve(string device)
    {
        ArgumentNullException.ThrowIfNull(device);
        (bool auto, int? index) = Parse(device);
        NativeRuntime.EnsureLoaded();
        if (!auto && index is null)
            return torch.device(DeviceType.CPU);
        int count = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        if (auto && count == 0)
            return torch.device(DeviceType.CPU);
        int chosen = index ?? 0;
        return chosen < count ? torch.device(DeviceType.CUDA, chosen) : throw Missing(device, count);
    }

    /// <summary>The error of a device that a machine with so many GPUs does not have.</summary>
    internal static ArgumentException Missing(string device, int count) => new(
        count == 0
            ? $"Device \"{device}\" was asked for, but libtorch finds no NVIDIA GPU here: use \"cpu\" or \"auto\", or {AddCuda}."
            : $"Device \"{device}\" was asked for, but there are {count} GPUs, \"cuda:0\" to \"cuda:{count - 1}\".",
        nameof(device));

    /// <summary>
    /// The device that the choice means, as text. "auto" takes the GPU that ML.NET's context asks for, or the processor where there is no
    /// such GPU and the context allows it. If the context asks for no GPU, as a new MLContext does, "auto" is that of
    /// <see cref="Resolve"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The choice is badly written, or this machine has no such device.</exception>
    /// <exception cref="InvalidOperationException">
    /// "auto" does not find the GPU that the context asks for, and the context does not allow the processor.
    /// </exception>
    public static string Prefer(string device, int? gpuDeviceId, bool fallbackToCpu)
    {
        if (device != Auto || gpuDeviceId is not { } wished)
            return Describe(Resolve(device));
        NativeRuntime.EnsureLoaded();
        int count = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        if (wished >= 0 && wished < count)
            return $"cuda:{wished}";
        if (fallbackToCpu)
            return "cpu";
        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
            $"MLContext.FallbackToCpu is false, and libtorch finds no GPU {wished} (MLContext.GpuDeviceId) among {count}: " +
            $"set FallbackToCpu to true, choose another GPU, or {AddCuda}."));
    }

    /// <summary>"cpu" or "cuda:0".</summary>
    public static string Describe(torch.Device device) => device.type == DeviceType.CPU ? "cpu" : $"cuda:{Math.Max(0, device.index)}";

    // The index is null for the processor.
    private static (bool Auto, int? Index) Parse(string device)
    {
        switch (device)
        {
            case Auto:
                return (true, null);
            case "cpu":
                return (false, null);
            case "cuda":
                return (false, 0);
        }
        int index = 0;
        bool isNumbered = device?.StartsWith("cuda:", StringComparison.Ordinal) == true
            && int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out index);
        OptionCheck.Require(isNumbered, "Device", device, "\"auto\", \"cpu\", \"cuda\" or \"cuda:1\" with another number");
        return (false, index);
    }
}
