using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Devices;

/// <summary>
/// Loads libtorch once, with the process prepared for it: a heap that keeps freed memory, and OpenMP threads that do not take the
/// cores that our threads need. What the user has set in the environment is never changed.
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
                LibTorchFolder.LoadNamed();
                torch.InitializeDeviceType(DeviceType.CPU);
                torch.set_num_threads(Environment.ProcessorCount);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                _failure = error as TorchUnavailableException ?? Explain(error);
                throw _failure;
            }
            Volatile.Write(ref _loaded, true);
        }
    }

    /// <summary>One short message, whatever way TorchSharp failed in; its own long report is the inner exception.</summary>
    internal static TorchUnavailableException Explain(Exception error)
    {
        Exception cause = error;
        while (cause is TypeInitializationException { InnerException: { } inner })
            cause = inner;
        string version = typeof(torch).Assembly.GetName().Version!.ToString(3);
        return new TorchUnavailableException(NativeLibraryFault.Find(version, cause.Message).Explain(), error);
    }

    private static void PrepareEnvironment()
    {
        // The threads of libtorch's GNU OpenMP would spin for milliseconds after each operator, on the cores that our kernels need next.
        if (OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null)
            NativeHeap.SetIfUnset("GOMP_SPINCOUNT", "10000");
    }
}
