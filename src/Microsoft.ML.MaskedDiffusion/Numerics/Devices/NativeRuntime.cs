using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Devices;

/// <summary>
/// Loads libtorch once, with the process prepared for it: a heap that keeps freed memory, a BLAS that uses the processor's widest vectors, OpenMP threads that
/// do not fight ours for the cores. What the user has set in the environment is never changed.
/// </summary>
internal static class NativeRuntime
{
    private static readonly Lock Gate = new();
    private static bool _loaded;
    private static TorchUnavailableException? _failure;

    /// <summary>Loads libtorch on the first call.</summary>
    /// <exception cref="TorchUnavailableException">It cannot be loaded; later calls say the same again.</exception>
    public static void EnsureLoaded()
    {
        if (Volatile.Read(ref _loaded))
            return;
        lock (Gate)
        {
            if (_loaded)
                return;
            if (_failure is not null)
                throw new TorchUnavailableException(_failure.Message, _failure.InnerException);
            NativeHeap.KeepFreedMemory();
            PrepareEnvironment();
            try
            {
                torch.InitializeDeviceType(DeviceType.CPU);
                torch.set_num_threads(Environment.ProcessorCount);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                _failure = Explain(error);
                throw _failure;
            }
            Volatile.Write(ref _loaded, true);
        }
    }

    /// <summary>One message from whatever way TorchSharp failed in.</summary>
    internal static TorchUnavailableException Explain(Exception error)
    {
        Exception cause = error;
        while (cause is TypeInitializationException { InnerException: { } inner })
            cause = inner;
        string version = typeof(torch).Assembly.GetName().Version?.ToString(3) ?? "of this application";
        return new TorchUnavailableException(
            $"libtorch, which TorchSharp {version} computes with, cannot be loaded on {RuntimeInformation.RuntimeIdentifier}. Add the package TorchSharp-cpu " +
            $"(or TorchSharp-cuda-linux, TorchSharp-cuda-windows for an NVIDIA GPU) in the version of TorchSharp to the application. If it is there, `ldd` on its libLibTorchSharp.so names what the system lacks: " +
            $"TorchSharp 0.107 needs the libstdc++ of GCC 13, as in Debian 13 or Ubuntu 24.04. What was looked for: {cause.Message}", error);
    }

    private static void PrepareEnvironment()
    {
        if (!OperatingSystem.IsLinux())
            return;
        // OpenBLAS chooses its kernels by the processors it knew when it was made, and falls back to half the vector width on newer ones.
        if (Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported)
            NativeHeap.SetIfUnset("OPENBLAS_CORETYPE", "SKYLAKEX");
        // GNU OpenMP's threads would spin for milliseconds after each operator, on the cores that our kernels need next.
        if (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null)
            NativeHeap.SetIfUnset("GOMP_SPINCOUNT", "10000");
    }
}
