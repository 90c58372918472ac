namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Ranks;

/// <summary>
/// What the exchange of gradients costs on many machines. A rank sends and receives 8 P (R - 1) / R bytes a step: its share of all others'
/// gradients, and the sums. Both halves of that take R - 1 messages for each 16 MB of gradients, and a step twice log2 R small messages
/// more.
/// </summary>
/// <param name="Name">The network.</param>
/// <param name="BytesPerSecond">What a rank can send, and receive at the same time.</param>
/// <param name="Latency">Seconds of a message.</param>
internal sealed record ClusterModel(string Name, double BytesPerSecond, double Latency)
{
    private const double BucketNumbers = 1 << 22;

    public static ClusterModel[] Networks { get; } =
    [
        new("10 Gbit/s Ethernet", 1.25e9, 20e-6), new("100 Gbit/s InfiniBand", 12.5e9, 2e-6),
    ];

    /// <summary>Seconds that the exchange of a step takes.</summary>
    /// <param name="parameters">The parameters that are trained.</param>
    /// <param name="ranks">The number of ranks.</param>
    public double Seconds(long parameters, int ranks)
    {
        double bytes = 8.0 * parameters * (ranks - 1) / ranks;
        double messages = 2 * Math.Ceiling(parameters / BucketNumbers) * (ranks - 1) + 2 * Math.Ceiling(Math.Log2(ranks));
        return bytes / BytesPerSecond + messages * Latency;
    }

    /// <summary>The share of the time that ranks compute.</summary>
    /// <param name="parameters">The parameters that are trained.</param>
    /// <param name="ranks">The number of ranks.</param>
    /// <param name="computing">Seconds that a rank computes for a step.</param>
    public double Efficiency(long parameters, int ranks, double computing) => computing / (computing + Seconds(parameters, ranks));
}
