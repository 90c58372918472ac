namespace Microsoft.ML;

public class LoggingEventArgs : EventArgs
{
    public LoggingEventArgs(string message)
        : this(message, ChannelMessageKind.Info, null)
    {
    }

    public LoggingEventArgs(string message, ChannelMessageKind kind, string source)
    {
        RawMessage = message;
        Kind = kind;
        Source = source;
        Message = source == null ? message : $"[Source={source}, Kind={kind}] {message}";
    }

    public string Source { get; }

    public ChannelMessageKind Kind { get; }

    /// <summary>The message with its source and kind in front.</summary>
    public string Message { get; }

    public string RawMessage { get; }
}
