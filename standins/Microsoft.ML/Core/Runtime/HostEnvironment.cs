namespace Microsoft.ML.Runtime;

/// <summary>The root environment behind <see cref="MLContext"/> and every host registered in it.</summary>
internal sealed class HostEnvironment : IHost
{
    private readonly HostEnvironment _root;
    private readonly Lock _gate = new();

    internal HostEnvironment(int? seed)
    {
        _root = this;
        Name = "";
        Seed = seed;
        Rand = seed is int value ? new Random(value) : new Random();
        ComponentCatalog = new ComponentCatalog();
    }

    private HostEnvironment(HostEnvironment parent, string name, Random random)
    {
        _root = parent._root;
        Name = parent.Name.Length == 0 ? name : parent.Name + "; " + name;
        Seed = _root.Seed;
        Rand = random;
        ComponentCatalog = _root.ComponentCatalog;
    }

    /// <summary>Raised on the root for every message of every channel: source, message.</summary>
    internal event Action<string, ChannelMessage> Message;

    public ComponentCatalog ComponentCatalog { get; }

    public Random Rand { get; }

    public string ContextDescription => Name.Length == 0 ? "HostEnvironment" : Name;

    internal string Name { get; }

    internal int? Seed { get; }

    internal string TempFilePath { get; set; } = Path.GetTempPath();

    internal bool FallbackToCpu { get; set; }

    internal int? GpuDeviceId { get; set; }

    public IHost Register(string name, int? seed = null, bool? verbose = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        lock (_gate)
            return new HostEnvironment(this, name, new Random(seed ?? Rand.Next()));
    }

    public IChannel Start(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new Channel(this, Name.Length == 0 ? name : Name + "; " + name);
    }

    public IPipe<TMessage> StartPipe<TMessage>(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (typeof(TMessage) == typeof(ChannelMessage))
            return (IPipe<TMessage>)Start(name);
        return new Pipe<TMessage>(this);
    }

    public IProgressChannel StartProgressChannel(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new ProgressChannel();
    }

    public TException Process<TException>(TException ex)
        where TException : Exception
    {
        if (ex != null && !ex.Data.Contains("ML_ContextDescription"))
            ex.Data["ML_ContextDescription"] = ContextDescription;
        return ex;
    }

    internal void Dispatch(string source, in ChannelMessage message) => _root.Message?.Invoke(source, message);
}
