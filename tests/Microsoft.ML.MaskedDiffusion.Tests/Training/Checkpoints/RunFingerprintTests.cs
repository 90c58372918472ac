using System.Reflection;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Adapters;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The fingerprint lists names and values one by one: no property that shapes a run may be forgotten in it.</summary>
[TestClass]
public sealed class RunFingerprintTests
{
    // What only watches a run, and may be changed by one that is resumed.
    private static readonly string[] Watching =
    [
        nameof(TrainingSettings.Clock), nameof(TrainingSettings.CancelBehavior), nameof(TrainingSettings.ProgressInterval),
        nameof(TrainingSettings.Checkpoints), nameof(TrainingSettings.PauseShare),
        nameof(TrainingSettings.ActivationCheckpointing), nameof(TrainingSettings.Group),
    ];

    [TestMethod]
    public void EverySettingThatShapesARunIsInIt()
    {
        var settings = new TrainingSettings { MaxSteps = 3 };
        // The divisor is written only where it makes a difference, see FineTuningTests; traits are written by names of their own. Epsilon
        // is a constant, which stays written down.
        Assert.AreEqual("1E-08", RunFingerprint.OfSettings(settings).Single(trait => trait.Key == "Epsilon").Value);
        AssertListed(settings, settings with { }, changed => RunFingerprint.OfSettings(changed).Where(trait => trait.Key != "Epsilon"),
            [.. Watching, nameof(TrainingSettings.LossDivisor), nameof(TrainingSettings.Traits)], nameof(TrainingSettings.Lora),
            nameof(TrainingSettings.VirtualRanks));
    }

    [TestMethod]
    public void EveryPropertyOfTheNetworkIsInIt()
    {
        var config = new TransformerConfig { LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 32 };
        // Left out at their defaults, because the first checkpoints do not know them.
        AssertListed(config, config with { }, RunFingerprint.OfNetwork, [],
            nameof(TransformerConfig.HasLengthTokens), nameof(TransformerConfig.KeyValueHeadCount), nameof(TransformerConfig.HeadSize),
            nameof(TransformerConfig.MaskTokenId), nameof(TransformerConfig.Norm), nameof(TransformerConfig.Activation),
            nameof(TransformerConfig.HasAttentionBias), nameof(TransformerConfig.HasQueryKeyNorm), nameof(TransformerConfig.RotaryBase),
            nameof(TransformerConfig.RotaryScaling), nameof(TransformerConfig.LocalAttention), nameof(TransformerConfig.TiesEmbeddings),
            nameof(TransformerConfig.HasEmbeddingNorm), nameof(TransformerConfig.HasPredictionHead),
            nameof(TransformerConfig.ShiftsLogits), nameof(TransformerConfig.UniformShare),
            nameof(TransformerConfig.AttentionBlockSize));
    }

    private static void AssertListed<T>(T original, T changed, Func<T, IEnumerable<KeyValuePair<string, string>>> fingerprint,
        string[] left, params string[] omittedAtDefault)
    {
        KeyValuePair<string, string>[] expected = [.. fingerprint(original)];
        Assert.HasCount(expected.Length, expected.Select(trait => trait.Key).Distinct(), "names are used once");
        PropertyInfo[] properties = [.. typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.CanWrite && !left.Contains(p.Name))];
        Assert.HasCount(expected.Length + omittedAtDefault.Length, properties);
        foreach (PropertyInfo property in properties)
        {
            object? value = property.GetValue(original);
            property.SetValue(changed, Other(value, property.PropertyType));
            Assert.HasCount(1, fingerprint(changed).Except(expected), $"{property.Name} is in the fingerprint");
            property.SetValue(changed, value);
        }
    }

    private static object Other(object? value, Type type)
    {
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain.IsEnum)
            return Enum.GetValues(plain).Cast<object>().First(other => !other.Equals(value));
        if (plain == typeof(string))
            return value + "x";
        if (plain == typeof(LocalAttention))
            return new LocalAttention();
        if (plain == typeof(LoraSettings))
            return new LoraSettings(8, 16, [], ["attn.attn"]);
        if (plain == typeof(RotaryScaling))
            return new RotaryScaling { Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalContextLength = 8192 };
        return plain == typeof(bool) ? !(bool)value! : Convert.ChangeType(Convert.ToDouble(value ?? 0) + 1, plain);
    }
}
