using System.Diagnostics;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Devices;

/// <summary>
/// Loads libtorch once, with the process prepared for it: a heap that keeps freed memory, and OpenMP threads that do not take the
/// cores that our threads need. What the user has set in the environment, or in a libtorch that was loaded before, is never changed.
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
            bool choosesThreads = !IsThreadCountGiven() && !IsTorchLoaded();
            try
            {
                LibTorchFolder.LoadNamed();
                torch.InitializeDeviceType(DeviceType.CPU);
                // Torch counts the machine's cores, and .NET those that this process may use.
                if (choosesThreads)
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

    private static bool IsThreadCountGiven() =>
        new[] { "OMP_NUM_THREADS", "MKL_NUM_THREADS" }.Any(name => Environment.GetEnvironmentVariable(name) is not null);

    // Whether the program has used torch before this library does.
    private static bool IsTorchLoaded()
    {
        using var process = Process.GetCurrentProcess();
        return process.Modules.Cast<ProcessModule>()
            .Any(module => module.ModuleName.Contains("torch_cpu", StringComparison.OrdinalIgnoreCase));
    }

    private static void PrepareEnvironment()
    {
        // The threads of libtorch's GNU OpenMP would spin for milliseconds after each operator, on the cores that our kernels need next.
        if (OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null)
            NativeHeap.SetIfUnset("GOMP_SPINCOUNT", "10000");
    }
}
