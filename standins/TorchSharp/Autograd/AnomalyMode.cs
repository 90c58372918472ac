using TorchSharp.Native;

namespace TorchSharp;

/// <summary>While it lives, backward names the operation of the forward pass behind a failure, and fails on NaN if asked to.</summary>
public class AnomalyMode : IDisposable
{
    private readonly int _before;
    private readonly int _checkNanBefore;

    public AnomalyMode(bool enabled, bool check_nan = true)
    {
        NativeLibraries.EnsureLoaded();
        NativeMethods.Check(NativeMethods.shim_anomaly(enabled ? 1 : 0, check_nan ? 1 : 0, out _before, out _checkNanBefore), nameof(AnomalyMode));
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) =>
        NativeMethods.Check(NativeMethods.shim_anomaly(_before, _checkNanBefore, out _, out _), nameof(AnomalyMode));
}
