using System.Globalization;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>Compares what a network needs with the memory of the machine, before anything is allocated.</summary>
internal static class MemoryDemand
{
    /// <summary>Bytes for each parameter where a network only computes: its 32-bit weight.</summary>
    public const int ComputingBytes = 4;

    /// <summary>
    /// Bytes for each parameter in a training of adapters, at most: weight, and where it is adapted its original and its gradient.
    /// </summary>
    public const int AdaptingBytes = 12;

    private const double Gibibyte = 1 << 30;

    /// <summary>
    /// Bytes for each parameter in a training: weight, gradient and two moments; the best weights so far where there is a validation, and
    /// the averaged weights.
    /// </summary>
    public static int TrainingBytes(bool validates, bool averages) => 16 + (validates ? 4 : 0) + (averages ? 4 : 0);

    /// <summary>Refuses a network that the machine's memory cannot hold. The memory of GPUs is not known here.</summary>
    /// <param name="config">The network's shape.</param>
    /// <param name="device">Where it is to be.</param>
    /// <param name="bytesPerParameter">Bytes for each parameter.</param>
    /// <param name="what">What needs them, as the beginning of a sentence.</param>
    /// <exception cref="InsufficientMemoryException">The machine has less memory than the parameters need.</exception>
    public static void Require(TransformerConfig config, torch.Device device, int bytesPerParameter, string what)
    {
        if (device.type == DeviceType.CPU)
            Require(config, bytesPerParameter, what, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
    }

    /// <summary>The same with the machine's memory given.</summary>
    internal static void Require(TransformerConfig config, int bytesPerParameter, string what, long available)
    {
        double needed = (double)config.ParameterCount * bytesPerParameter;
        if (needed <= available)
            return;
        CultureInfo culture = CultureInfo.InvariantCulture;
        string demand =
            string.Create(culture, $"of {config.ParameterCount:N0} parameters needs {needed / Gibibyte:0.0} GiB for them alone");
        string sizes = string.Create(culture, $"LayerCount ({config.LayerCount}), EmbeddingSize ({config.EmbeddingSize}), FeedForwardSize ")
            + string.Create(culture, $"({config.FeedForwardSize}) or VocabularySize ({config.VocabularySize})");
        throw new InsufficientMemoryException($"{what} the network '{config.Name}' {demand}, and this machine has "
            + string.Create(culture, $"{available / Gibibyte:0.0} GiB. Make {sizes} smaller, or use a machine with more memory."));
    }
}
