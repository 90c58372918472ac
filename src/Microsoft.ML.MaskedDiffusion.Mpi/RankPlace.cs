using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Mpi;

/// <summary>Where a rank runs, and where its neighbours find it.</summary>
/// <param name="Host">The name of its machine.</param>
/// <param name="ProcessId">The number of its process there.</param>
/// <param name="Addresses">The machine's addresses.</param>
internal sealed record RankPlace(string Host, int ProcessId, string[] Addresses)
{
    /// <summary>The places of all ranks; each rank calls this.</summary>
    public static IReadOnlyList<RankPlace> Exchange(IProcessGroup group) =>
        [.. group.AllGather(JsonSerializer.SerializeToUtf8Bytes(Own())).Select(place => JsonSerializer.Deserialize<RankPlace>(place)!)];

    private static RankPlace Own()
    {
        IEnumerable<IPAddress> addresses = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
        return new RankPlace(Environment.MachineName, Environment.ProcessId, [.. addresses.Select(address => address.ToString())]);
    }
}
