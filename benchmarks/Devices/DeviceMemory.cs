using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Devices;

/// <summary>The most memory that this process has needed so far.</summary>
internal static class DeviceMemory
{
    /// <summary>
    /// Bytes: on a processor the peak of the resident memory; on a GPU what the driver says of the whole GPU, NaN where it cannot be asked.
    /// libtorch keeps what it has taken, so that is the peak, with all that other processes have.
    /// </summary>
    public static double Peak(torch.Device place)
    {
        if (place.type != DeviceType.CUDA)
        {
            using Process here = Process.GetCurrentProcess();
            return here.PeakWorkingSet64;
        }
        try
        {
            string output = ChildProcess.Output(new ProcessStartInfo("nvidia-smi",
                [$"--id={Math.Max(0, place.index)}", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]));
            return double.Parse(output, CultureInfo.InvariantCulture) * (1 << 20);
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException or FormatException)
        {
            return double.NaN;
        }
    }
}
