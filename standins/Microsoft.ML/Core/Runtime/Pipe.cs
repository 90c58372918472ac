namespace Microsoft.ML.Runtime;

/// <summary>A pipe of messages nobody outside can listen to.</summary>
internal sealed class Pipe<TMessage>(HostEnvironment environment) : IPipe<TMessage>
{
    public string ContextDescription => environment.ContextDescription;

    public void Send(TMessage msg)
    {
    }

    public TException Process<TException>(TException ex)
        where TException : Exception => environment.Process(ex);

    public void Dispose()
    {
    }
}
