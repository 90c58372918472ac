using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.MaskedDiffusion;

public sealed partial class MaskedDiffusionTrainer
{
    private const double DefaultCheckpointMinutes = 10;

    private CheckpointSettings? Checkpoints() =>
        _options.Checkpoints.Folder is not { } folder ? null : new CheckpointSettings
        {
            Folder = folder,
            Interval = _options.Checkpoints.Interval,
            Minutes = _options.Checkpoints.Minutes ?? (_options.Checkpoints.Interval is null ? DefaultCheckpointMinutes : null),
            Keep = _options.Checkpoints.Keep,
            Resume = _options.Checkpoints.Resume,
            AdoptSeed = _options.Seed is null,
            AdoptSplit = _options.Compute is { MicroBatchSize: null, VirtualRanks: null },
            Log = LogCheckpoint,
        };

    // Under a source of its own, so that who shows little of a log can show this.
    private void LogCheckpoint(string message)
    {
        using IChannel channel = _host.Start("Checkpoints");
        channel.Info(MessageSensitivity.None, "{0}", message);
    }

    private Dictionary<string, string> Traits(TextTokenizer tokenizer) => new(LaterTraits())
    {
        [StoredTraits.NoiseLevels] = StoredEnum<NoiseLevels>.NameOf(_options.Noise.Levels),
        [StoredTraits.LossWeighting] = StoredEnum<LossWeighting>.NameOf(_options.Noise.LossWeighting),
        [StoredTraits.Padding] = StoredEnum<RowPadding>.NameOf(_options.Rows.Padding),
        [StoredTraits.GuidanceDropout] = _options.Noise.GuidanceDropout.ToString(CultureInfo.InvariantCulture),
        [StoredTraits.Tokenizer] = "SHA-256 " + tokenizer.ContentHash,
    };

    // Options that the first checkpoints do not know are left out at their defaults.
    private IEnumerable<KeyValuePair<string, string>> LaterTraits()
    {
        if (_options.Noise.GapLengthRatio > 0)
        {
            yield return new(StoredTraits.GapLengthRatio, _options.Noise.GapLengthRatio.ToString(CultureInfo.InvariantCulture));
            yield return new(StoredTraits.MaxGapLength, _options.Noise.MaxGapLength.ToString(CultureInfo.InvariantCulture));
        }
        if (_options.WarmStart > 0)
            yield return new(StoredTraits.WarmStart, _options.WarmStart.ToString(CultureInfo.InvariantCulture));
        if (_options.AttentionAnnealing > 0)
            yield return new(StoredTraits.AttentionAnnealing, _options.AttentionAnnealing.ToString(CultureInfo.InvariantCulture));
    }

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
        public const string WarmStart = "WarmStart";
        public const string AttentionAnnealing = "AttentionAnnealing";
    }
}
