namespace Microsoft.ML.Runtime;

/// <summary>Checks what is reported; progress never shows in <see cref="MLContext.Log"/>.</summary>
internal sealed class ProgressChannel : IProgressChannel
{
    private ProgressHeader _header;
    private bool _disposed;

    public void SetHeader(ProgressHeader header, Action<IProgressEntry> fillAction)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(fillAction);
        ObjectDisposedException.ThrowIf(_disposed, this);
        _header = header;
    }

    public void Checkpoint(params double?[] values)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var most = _header == null ? 0 : _header.MetricNames.Count + _header.UnitNames.Count * 2;
        if (values?.Length > most)
            throw new ArgumentException($"Too many values provided in Checkpoint: {values.Length}, and the header names {most}.", nameof(values));
    }

    public IProgressChannel StartProgressChannel(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new ProgressChannel();
    }

    public void Dispose() => _disposed = true;
}
