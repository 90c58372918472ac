using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using Microsoft.ML.MaskedDiffusion.Training.Ranks;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>Makes a network, trains it and hands it over: training without a libtorch type in sight, for the trainers.</summary>
internal static class NetworkTrainer
{
    /// <summary>
    /// Trains a fresh network from the settings' seed, or a copy of <paramref name="initial"/>, whose vocabulary may be smaller, or goes on
    /// from the settings' checkpoint. The caller owns the network that is returned; on any failure it is disposed here.
    /// </summary>
    public static (TransformerNetwork Network, TrainingResult Result) Train(
        TransformerConfig config, string device, ITrainingObjective objective,
        ITokenBlocks blocks, ITokenBlocks? validation, TrainingSettings settings, IProgress<TrainingProgress>? progress,
        CancellationToken cancellationToken,
        TransformerNetwork? initial = null)
    {
        // A training needs gradients, whatever mode its caller is in.
        using IDisposable noInference = torch.inference_mode(false);
        using IDisposable gradients = torch.enable_grad();
        IProcessGroup group = settings.Group;
        torch.Device place = DeviceChoice.Resolve(device);
        int bytes = settings.Lora is null
            ? MemoryDemand.TrainingBytes(validation is not null, settings.EmaDecay is not null, settings.VirtualRanks / group.Size)
            : MemoryDemand.AdaptingBytes;
        group.Together(() => MemoryDemand.RequireTraining(config, place, bytes));
        // Ranks without a seed of their own have each drawn another.
        settings = settings with { Seed = group.FromFirst(() => settings.Seed) };
        using CheckpointRun? checkpoints = settings.Checkpoints is { } kept ? new CheckpointRun(kept, group) : null;
        settings = checkpoints?.WithRecorded(settings) ?? settings;
        TransformerNetwork network = group.Together(() => new TransformerNetwork(config, place));
        try
        {
            SortedDictionary<string, string> run = group.Together(() =>
            {
                if (initial is null || initial.Config.VocabularySize < config.VocabularySize)
                    network.Initialize((ulong)settings.Seed);
                if (initial is not null)
                    network.CopyFrom(initial);
                return RunFingerprint.Of(config, initial is null ? null : network, place, objective, blocks, validation, settings);
            });
            RankComparison.RequireSameRun(group, run);
            checkpoints?.Check(run);
            using var loop = new TrainingLoop(network, objective, blocks, validation, settings) { Checkpoints = checkpoints };
            checkpoints?.Restore(loop.Content);
            return (network, loop.Run(progress, cancellationToken) with { Device = DeviceChoice.Describe(network.Device) });
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }
}
