using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.MaskedDiffusion;

public sealed partial class MaskedDiffusionTrainer
{
    private const double DefaultCheckpointMinutes = 10;

    private CheckpointSettings? Checkpoints(TextTokenizer tokenizer, IChannel channel) =>
        _options.Checkpoints.Folder is not { } folder ? null : new CheckpointSettings
        {
            Folder = folder,
            Interval = _options.Checkpoints.Interval,
            Minutes = _options.Checkpoints.Minutes ?? (_options.Checkpoints.Interval is null ? DefaultCheckpointMinutes : null),
            Keep = _options.Checkpoints.Keep,
            Resume = _options.Checkpoints.Resume,
            AdoptSeed = _options.Seed is null,
            Traits = new Dictionary<string, string>(GapLengthTraits())
            {
                [StoredTraits.NoiseLevels] = StoredEnum<NoiseLevels>.NameOf(_options.Noise.Levels),
                [StoredTraits.LossWeighting] = StoredEnum<LossWeighting>.NameOf(_options.Noise.LossWeighting),
                [StoredTraits.Padding] = StoredEnum<RowPadding>.NameOf(_options.Rows.Padding),
                [StoredTraits.GuidanceDropout] = _options.Noise.GuidanceDropout.ToString(CultureInfo.InvariantCulture),
                [StoredTraits.Tokenizer] = "SHA-256 " + tokenizer.ContentHash,
            },
            Log = message => channel.Info(MessageSensitivity.None, "{0}", message),
        };

    // The first checkpoints know of no such noise.
    private IEnumerable<KeyValuePair<string, string>> GapLengthTraits() => _options.Noise.GapLengthRatio == 0 ? [] :
    [
        new(StoredTraits.GapLengthRatio, _options.Noise.GapLengthRatio.ToString(CultureInfo.InvariantCulture)),
        new(StoredTraits.MaxGapLength, _options.Noise.MaxGapLength.ToString(CultureInfo.InvariantCulture)),
    ];

    /// <summary>How checkpoints name these options. Files hold the names, so they never change.</summary>
    private static class StoredTraits
    {
        public const string NoiseLevels = "NoiseLevels";
        public const string LossWeighting = "LossWeighting";
        public const string Padding = "Padding";
        public const string GuidanceDropout = "GuidanceDropout";
        public const string Tokenizer = "Tokenizer";
        public const string GapLengthRatio = "GapLengthRatio";
        public const string MaxGapLength = "MaxGapLength";
    }
}
