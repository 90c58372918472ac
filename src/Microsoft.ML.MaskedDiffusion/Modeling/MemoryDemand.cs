using System.Globalization;
using System.Numerics;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>Compares what a network needs with the memory of the machine, before anything is allocated.</summary>
internal static class MemoryDemand
{
    /// <summary>
    /// Bytes for each parameter in a training of adapters, at most: weight, and where it is adapted its original and its gradient.
    /// </summary>
    public const int AdaptingBytes = 12;

    private const double Gibibyte = 1 << 30;

    /// <summary>
    /// Bytes for each parameter in a training: weight, gradient and two moments; the best weights so far where there is a validation; the
    /// averaged weights, and those that they take the place of in a validation; and the sums of gradients that wait for others.
    /// </summary>
    /// <param name="validates">Whether there is a validation.</param>
    /// <param name="averages">Whether weights are averaged.</param>
    /// <param name="parts">The virtual ranks of this process.</param>
    public static int TrainingBytes(bool validates, bool averages, int parts) =>
        16 + (validates ? 4 : 0) + (averages ? validates ? 8 : 4 : 0) + 4 * BitOperations.Log2((uint)parts);

    /// <summary>
    /// Bytes of weights whose matrices are of a type, and of the scales of 8-bit ones' rows; gains and biases are counted with at least 32
    /// bits, which they have on the processor.
    /// </summary>
    public static long WeightBytes(TransformerConfig config, torch.ScalarType type)
    {
        long bytes = type switch
        {
            torch.ScalarType.Float64 => 8,
            torch.ScalarType.Float32 => 4,
            torch.ScalarType.Int8 => 1,
            _ => 2,
        };
        return TransformerNetwork.ParameterShapes(config).Sum(one =>
        {
            bool isMatrix = one.Shape.Length > 1;
            long scales = isMatrix && type == torch.ScalarType.Int8 ? sizeof(float) * one.Shape[0] : 0;
            return one.Shape.Aggregate(isMatrix ? bytes : Math.Max(4, bytes), (size, count) => size * count) + scales;
        });
    }

    /// <summary>
    /// Bytes that a session's weights and the network's take together on the processor: 32-bit matrices are packed once more, all but an
    /// input embedding of its own; narrow ones are read where they are.
    /// </summary>
    public static long SessionBytes(TransformerConfig config, torch.ScalarType type)
    {
        long bytes = WeightBytes(config, type);
        if (type != torch.ScalarType.Float32)
            return bytes;
        return (2 * bytes) - (config.TiesEmbeddings ? 0 : 4L * config.EmbeddingRowCount * config.EmbeddingSize);
    }

    /// <summary>Refuses to train a network where the machine's memory cannot hold what that needs.</summary>
    /// <param name="config">The network's shape.</param>
    /// <param name="device">Where it is to be; the memory of GPUs is not known here.</param>
    /// <param name="bytesPerParameter">The <see cref="TrainingBytes"/>, or the <see cref="AdaptingBytes"/>.</param>
    /// <exception cref="InsufficientMemoryException">The machine has less memory than the parameters need.</exception>
    public static void RequireTraining(TransformerConfig config, torch.Device device, int bytesPerParameter)
    {
        if (device.type == DeviceType.CPU)
            Require(config, (double)config.ParameterCount * bytesPerParameter, "Training", null, MachineMemory.Bytes);
    }

    /// <summary>Refuses a network whose weights the machine's memory cannot hold, where they are on the processor.</summary>
    /// <exception cref="InsufficientMemoryException">The machine has less memory than the weights need.</exception>
    public static void RequireHolding(TransformerConfig config, torch.Device device, torch.ScalarType type)
    {
        if (device.type == DeviceType.CPU)
            Require(config, WeightBytes(config, type), "Holding", Remedy(config, type), MachineMemory.Bytes);
    }

    /// <summary>Refuses a session on the processor that the machine's memory cannot hold beside the network.</summary>
    /// <exception cref="InsufficientMemoryException">The machine has less memory than both need.</exception>
    public static void RequireSession(TransformerConfig config, torch.ScalarType type) =>
        Require(config, SessionBytes(config, type), "Opening a session of", Remedy(config, type), MachineMemory.Bytes);

    /// <summary>Refuses a number of bytes that is more than what is available.</summary>
    /// <param name="config">The network's shape.</param>
    /// <param name="needed">Bytes that the weights, or what goes with them, take.</param>
    /// <param name="what">What needs them, as the beginning of a sentence.</param>
    /// <param name="remedy">What helps, besides a smaller network or a larger machine; null for nothing.</param>
    /// <param name="available">Bytes of the machine, or of the control group that the process is in.</param>
    /// <exception cref="InsufficientMemoryException">The machine has less memory.</exception>
    internal static void Require(TransformerConfig config, double needed, string what, string? remedy, long available)
    {
        if (needed <= available)
            return;
        CultureInfo culture = CultureInfo.InvariantCulture;
        string demand =
            string.Create(culture, $"of {config.ParameterCount:N0} parameters needs {needed / Gibibyte:0.0} GiB for them alone");
        string sizes = string.Create(culture, $"LayerCount ({config.LayerCount}), EmbeddingSize ({config.EmbeddingSize}), FeedForwardSize ")
            + string.Create(culture, $"({config.FeedForwardSize}) or VocabularySize ({config.VocabularySize})");
        throw new InsufficientMemoryException($"{what} the network '{config.Name}' {demand}, and this machine, or the container "
            + string.Create(culture, $"it runs in, has {available / Gibibyte:0.0} GiB. {remedy}Make {sizes} smaller, or give it ")
            + "more memory.");
    }

    /// <summary>What makes a network that only computes smaller; null where it is as small as can be.</summary>
    internal static string? Remedy(TransformerConfig config, torch.ScalarType type)
    {
        string[] smaller =
        [
            .. type == torch.ScalarType.Float32 ? [Takes(WeightType.BFloat16)] : Array.Empty<string>(),
            .. type == torch.ScalarType.Int8 ? [] : new[] { Takes(WeightType.Int8) },
        ];
        return smaller.Length == 0 ? null : $"If it is only to compute, load it with {string.Join(", or with ", smaller)}. ";

        string Takes(WeightType other) => string.Create(CultureInfo.InvariantCulture,
            $"WeightType.{other}, which takes {WeightBytes(config, WeightTypes.ScalarOf(other)) / Gibibyte:0.0} GiB");
    }
}
