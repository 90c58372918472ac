using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.MaskedDiffusion;

public sealed partial class MaskedDiffusionTrainer
{
    private const double DefaultCheckpointMinutes = 10;

    private CheckpointSettings? Checkpoints(TextTokenizer tokenizer, IChannel channel) => _options.CheckpointFolder is not { } folder ? null : new CheckpointSettings
    {
        Folder = folder,
        Interval = _options.CheckpointInterval,
        Minutes = _options.CheckpointMinutes ?? (_options.CheckpointInterval is null ? DefaultCheckpointMinutes : null),
        Keep = _options.KeepCheckpoints,
        Resume = _options.Resume,
        AdoptSeed = _options.Seed is null,
        Traits = new Dictionary<string, string>
        {
            [nameof(Options.NoiseLevels)] = _options.NoiseLevels.ToString(),
            [nameof(Options.LossWeighting)] = _options.LossWeighting.ToString(),
            [nameof(Options.Padding)] = _options.Padding.ToString(),
            [nameof(Options.GuidanceDropout)] = _options.GuidanceDropout.ToString(CultureInfo.InvariantCulture),
            [nameof(Options.Tokenizer)] = "SHA-256 " + tokenizer.ContentHash,
        },
        Log = message => channel.Info(MessageSensitivity.None, "{0}", message),
    };
}
