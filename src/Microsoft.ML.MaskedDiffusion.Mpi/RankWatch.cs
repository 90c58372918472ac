using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Microsoft.ML.MaskedDiffusion.Mpi;

/// <summary>
/// Notices a rank that has ended or is stuck. The ranks stand in a ring, and each has a connection to the rank before and the rank behind
/// it, over which both say every second that they are there. MPI itself may wait for a lost rank for ever.
/// </summary>
internal sealed class RankWatch : IDisposable
{
    /// <summary>The least time after which a silent rank may be given up.</summary>
    public static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(5);

    // What is said. A neighbour that has said goodbye may go.
    private const byte Here = 1, Goodbye = 2, End = 3;
    private const int SecretBytes = 16;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1), ConnectPatience = TimeSpan.FromSeconds(30);

    private readonly MpiProcessGroup _group;
    private readonly TimeSpan _patience;
    private readonly Neighbour[] _neighbours;
    private readonly Thread[] _listeners;
    private readonly Thread _speaker;
    private readonly ManualResetEventSlim _end = new();
    private long _collectiveBegan;
    private int _isEnding;
    private volatile bool _isLeaving, _isOver;

    private RankWatch(MpiProcessGroup group, TimeSpan patience, Neighbour[] neighbours)
    {
        (_group, _patience, _neighbours) = (group, patience, neighbours);
        _listeners = [.. neighbours.Select(neighbour => new Thread(() => Listen(neighbour))
        { IsBackground = true, Name = $"Watches rank {neighbour.Rank}" })];
        foreach (Thread listener in _listeners)
            listener.Start();
        // Not on the thread pool, which the work of this rank may keep busy for long.
        _speaker = new Thread(Speak) { IsBackground = true, Name = "Speaks to the neighbouring ranks" };
        _speaker.Start();
    }

    /// <summary>Connects the ranks; each calls this.</summary>
    /// <exception cref="InvalidOperationException">A neighbour cannot be reached.</exception>
    public static RankWatch Start(MpiProcessGroup group, TimeSpan patience)
    {
        byte[] secret = RandomNumberGenerator.GetBytes(SecretBytes);
        group.Broadcast(secret, root: 0);
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        int[] ports = [.. group.AllGather(BitConverter.GetBytes(port)).Select(bytes => BitConverter.ToInt32(bytes))];
        int next = (group.Rank + 1) % group.Size, before = (group.Rank + group.Size - 1) % group.Size;
        Task<Socket> accepted = Accept(listener, secret, before, group);
        Socket behind = Connect(group, next, ports[next], secret).GetAwaiter().GetResult();
        Socket first = accepted.GetAwaiter().GetResult();
        return new RankWatch(group, patience, [new Neighbour(before, first), new Neighbour(next, behind)]);
    }

    /// <summary>Tells the neighbours that this rank is done and may go.</summary>
    public void SayGoodbye()
    {
        _isLeaving = true;
        Say(Goodbye);
    }

    /// <summary>Ends the watch, when all ranks are done.</summary>
    public void Dispose()
    {
        _isOver = true;
        _end.Set();
        _speaker.Join();
        _end.Dispose();
        // A connection that is closed before all was read takes what the other end has not read yet with it: its goodbye.
        foreach (Neighbour neighbour in _neighbours)
            neighbour.Finish();
        foreach (Thread listener in _listeners)
            listener.Join(LeastPatience);
        foreach (Neighbour neighbour in _neighbours)
            neighbour.Socket.Dispose();
    }

    private static async Task<Socket> Accept(TcpListener listener, byte[] secret, int expected, MpiProcessGroup group)
    {
        using var patience = new CancellationTokenSource(ConnectPatience);
        try
        {
            while (true)
            {
                Socket socket = await listener.AcceptSocketAsync(patience.Token).ConfigureAwait(false);
                // Anybody may knock at an open port.
                if (await Hears(socket, secret, patience.Token).ConfigureAwait(false))
                {
                    await socket.SendAsync(secret, patience.Token).ConfigureAwait(false);
                    return socket;
                }
                socket.Dispose();
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            throw Unreachable(group, expected, error);
        }
    }

    private static async Task<Socket> Connect(MpiProcessGroup group, int rank, int port, byte[] secret)
    {
        RankPlace place = group.Places[rank];
        string[] addresses = place.Host == group.Places[group.Rank].Host ? ["127.0.0.1", .. place.Addresses] : place.Addresses;
        Exception? last = null;
        foreach (string address in addresses)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                using var patience = new CancellationTokenSource(ConnectPatience / addresses.Length);
                await socket.ConnectAsync(IPAddress.Parse(address), port, patience.Token).ConfigureAwait(false);
                await socket.SendAsync(secret, patience.Token).ConfigureAwait(false);
                // Machines of one name may be two, and somebody else may answer at the address.
                if (await Hears(socket, secret, patience.Token).ConfigureAwait(false))
                    return socket;
                socket.Dispose();
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                last = error;
            }
        }
        throw Unreachable(group, rank, last);
    }

    // Whether the other end says the secret of this group, and soon.
    private static async Task<bool> Hears(Socket socket, byte[] secret, CancellationToken cancellation)
    {
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        soon.CancelAfter(LeastPatience);
        byte[] said = new byte[secret.Length];
        int read = 0;
        try
        {
            for (int count = 1; read < said.Length && count > 0; read += count)
                count = await socket.ReceiveAsync(said.AsMemory(read), SocketFlags.None, soon.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return false;
        }
        return read == said.Length && CryptographicOperations.FixedTimeEquals(said, secret);
    }

    private static InvalidOperationException Unreachable(MpiProcessGroup group, int rank, Exception? cause)
    {
        RankPlace place = group.Places[rank];
        return new InvalidOperationException($"Rank {group.Rank} on {group.Places[group.Rank].Host} and rank {rank} on {place.Host} "
            + $"({string.Join(", ", place.Addresses)}) cannot connect to watch each other; a firewall may stand between them. Open TCP "
            + "ports between the machines, or set MpiOptions.LostAfter to Timeout.InfiniteTimeSpan to do without.", cause);
    }

    private void Listen(Neighbour neighbour)
    {
        byte[] said = new byte[1];
        neighbour.Socket.ReceiveTimeout = (int)_patience.TotalMilliseconds;
        try
        {
            while (true)
            {
                if (neighbour.Socket.Receive(said) == 0)
                {
                    Miss(neighbour, "has ended unexpectedly");
                    return;
                }
                if (said[0] == Goodbye)
                    neighbour.LeftAt = Environment.TickCount64;
                else if (said[0] == End)
                    EndAll(null, neighbour);
            }
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            Miss(neighbour, $"has not answered for {_patience.TotalSeconds:0} seconds");
        }
        catch (SocketException)
        {
            Miss(neighbour, "has ended unexpectedly");
        }
        catch (ObjectDisposedException)
        {
            // This rank is leaving.
        }
    }

    private void Speak()
    {
        while (!_end.Wait(Beat))
            SayHere();
    }

    private void SayHere()
    {
        Say(Here);
        long began = Interlocked.Read(ref _collectiveBegan), now = Environment.TickCount64;
        foreach (Neighbour neighbour in _neighbours)
        {
            // What a rank has sent before it said goodbye arrives within this time.
            if (neighbour.LeftAt is { } left && began != 0 && now - Math.Max(began, left) > LeastPatience.TotalMilliseconds && !_isLeaving)
            {
                EndAll($"Rank {neighbour.Rank} of {_group.Size} (from 0) has left the group, while rank {_group.Rank} waits for it",
                    neighbour);
            }
        }
    }

    private void Say(byte what)
    {
        foreach (Neighbour neighbour in _neighbours)
            Say(neighbour, what);
    }

    private static void Say(Neighbour neighbour, byte what)
    {
        try
        {
            lock (neighbour)
                neighbour.Socket.Send([what]);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Its listener misses it.
        }
    }

    private void Miss(Neighbour neighbour, string how)
    {
        if (neighbour.LeftAt is null && !_isOver)
        {
            RankPlace place = _group.Places[neighbour.Rank];
            EndAll($"Rank {neighbour.Rank} of {_group.Size} (from 0), process {place.ProcessId} on {place.Host}, {how}", neighbour);
        }
    }

    // Ends this process and, by way of the neighbours and of MPI, all others. Those who are only told do not know more than is said.
    private void EndAll(string? reason, Neighbour cause)
    {
        if (Interlocked.Exchange(ref _isEnding, 1) == 1)
            return;
        if (reason is not null)
        {
            Console.Error.WriteLine($"{reason}. All ranks end. Started again, files and searches go on where they were, and a training "
                + "with --resume, or Checkpoints.Resume, from its last checkpoint.");
            Console.Error.Flush();
        }
        foreach (Neighbour neighbour in _neighbours.Where(neighbour => neighbour != cause))
            Say(neighbour, End);
        MpiLibrary.EndAll();
    }

    /// <summary>The time in which this rank waits for the others.</summary>
    internal readonly ref struct Collective
    {
        private readonly RankWatch? _watch;

        public Collective(RankWatch? watch)
        {
            _watch = watch;
            if (watch is not null)
                Interlocked.Exchange(ref watch._collectiveBegan, Math.Max(1, Environment.TickCount64));
        }

        public void Dispose()
        {
            if (_watch is not null)
                Interlocked.Exchange(ref _watch._collectiveBegan, 0);
        }
    }

    private sealed class Neighbour(int rank, Socket socket)
    {
        private long _leftAt = -1;

        public int Rank => rank;

        public Socket Socket => socket;

        /// <summary>Says that nothing more will be said.</summary>
        public void Finish()
        {
            try
            {
                socket.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                // The other end is gone.
            }
        }

        /// <summary>When it has said goodbye; null where it has not.</summary>
        public long? LeftAt
        {
            get => Interlocked.Read(ref _leftAt) is >= 0 and long at ? at : null;
            set => Interlocked.Exchange(ref _leftAt, value ?? -1);
        }
    }
}
