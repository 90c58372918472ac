using System.Runtime.InteropServices;

namespace Mdm;

/// <summary>
/// Ctrl+C, a lost terminal and the system's request to end: the first one lets the work end well, a second one ends the process at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Begins to listen.</summary>
    public Interruption() =>
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, End), PosixSignalRegistration.Create(PosixSignal.SIGTERM, End),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, End),
        ];

    /// <summary>Cancelled by the first request.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Stops listening.</summary>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private void End(PosixSignalContext context)
    {
        if (_source.IsCancellationRequested)
            return;
        context.Cancel = true;
        try
        {
            Console.Error.WriteLine();
            Console.Error.WriteLine("Stopping at the next step; press Ctrl+C once more to stop at once.");
        }
        catch (IOException)
        {
            // The terminal is gone, and what has been done is still to be saved.
        }
        _source.Cancel();
    }
}
