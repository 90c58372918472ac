using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>Makes a network, trains it and hands it over: training without a libtorch type in sight, for the trainers.</summary>
internal static class NetworkTrainer
{
    /// <summary>Trains a fresh network from the settings' seed. The caller owns it; on any failure it is disposed here.</summary>
    public static (TransformerNetwork Network, TrainingResult Result) Train(TransformerConfig config, string device, ITrainingObjective objective,
        ITokenBlocks blocks, ITokenBlocks? validation, TrainingSettings settings, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var network = new TransformerNetwork(config, DeviceChoice.Resolve(device));
        try
        {
            network.Initialize((ulong)settings.Seed);
            using var loop = new TrainingLoop(network, objective, blocks, validation, settings);
            return (network, loop.Run(progress, cancellationToken) with { Device = DeviceChoice.Describe(network.Device) });
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }
}
