using System.Reflection;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TransformerConfigTests
{
    [TestMethod]
    public void ValuesThatAreSpelledOutAreThoseThatFollowFromOthers()
    {
        TransformerConfig preset = "6M";
        TransformerConfig spelled = preset with { KeyValueHeadCount = 4, HeadSize = 64, MaskTokenId = 32000 };
        Assert.AreEqual(preset, spelled);
        Assert.AreEqual(preset.GetHashCode(), spelled.GetHashCode());
        Assert.AreNotEqual(preset, preset with { KeyValueHeadCount = 2 });
        Assert.AreEqual(preset with { HeadCount = 8 }, preset with { HeadCount = 8, KeyValueHeadCount = 8, HeadSize = 32 });
    }

    [TestMethod]
    public void EveryPropertyMakesAnotherNetwork()
    {
        TransformerConfig preset = "6M";
        foreach (PropertyInfo property in typeof(TransformerConfig).GetProperties().Where(property => property.CanWrite))
        {
            TransformerConfig changed = preset with { };
            property.SetValue(changed, property.GetValue(preset) switch
            {
                bool value => !value,
                int value => value + 1,
                double value => value / 2 + 0.25,
                string value => value + "x",
                Enum => 1,
                _ when property.PropertyType == typeof(LocalAttention) => new LocalAttention(),
                _ when property.PropertyType == typeof(int?) => 8,
                _ => new RotaryScaling { Factor = 2, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalContextLength = 8 },
            });
            Assert.AreNotEqual(preset, changed, property.Name);
        }
    }

    [TestMethod]
    public void JsonHasOnlyWhatWasSet()
    {
        TransformerConfig preset = "6M";
        string json = JsonSerializer.Serialize(preset);
        Assert.DoesNotContain("KeyValueHeadCount", json);
        Assert.AreEqual(preset, JsonSerializer.Deserialize<TransformerConfig>(json));
        TransformerConfig grouped = preset with { KeyValueHeadCount = 2, HeadSize = 32, MaskTokenId = 7 };
        Assert.AreEqual(grouped,
            JsonSerializer.Deserialize<TransformerConfig>(JsonSerializer.Serialize(grouped)));
    }

    // Non-embedding and total counts of the reference's own table; computed there from its configurations.
    [TestMethod]
    [DataRow("6M", 6, 4, 256, 64, 1024, 6_294_784, 22_679_040)]
    [DataRow("19M", 8, 6, 384, 64, 1536, 18_880_896, 43_457_280)]
    [DataRow("34M", 8, 8, 512, 64, 2048, 33_563_136, 66_331_648)]
    [DataRow("48M", 9, 9, 576, 64, 2304, 47_786_688, 84_651_264)]
    [DataRow("66M", 10, 10, 640, 64, 2560, 65_549_440, 106_510_080)]
    [DataRow("85M", 13, 10, 640, 64, 2560, 85_214_080, 126_174_720)]
    [DataRow("75M", 16, 8, 640, 80, 1600, 75_387_520, 116_348_160)]
    [DataRow("113M", 12, 12, 768, 64, 3072, 113_265_408, 162_418_176)]
    [DataRow("142M", 15, 12, 768, 64, 3072, 141_581_568, 190_734_336)]
    [DataRow("170M", 18, 12, 768, 64, 3072, 169_897_728, 219_050_496)]
    [DataRow("180M", 14, 14, 896, 64, 3584, 179_856_768, 237_201_664)]
    [DataRow("206M", 16, 14, 896, 64, 3584, 205_550_464, 262_895_360)]
    [DataRow("231M", 18, 14, 896, 64, 3584, 231_244_160, 288_589_056)]
    [DataRow("268M", 16, 16, 1024, 64, 4096, 268_469_248, 334_006_272)]
    [DataRow("302M", 18, 16, 1024, 64, 4096, 302_027_776, 367_564_800)]
    [DataRow("336M", 20, 16, 1024, 64, 4096, 335_586_304, 401_123_328)]
    [DataRow("472M", 18, 10, 1280, 128, 5120, 471_906_560, 553_827_840)]
    [DataRow("551M", 21, 10, 1280, 128, 5120, 550_557_440, 632_478_720)]
    [DataRow("571M", 18, 11, 1408, 128, 5632, 571_001_728, 661_115_136)]
    [DataRow("629M", 24, 10, 1280, 128, 5120, 629_208_320, 711_129_600)]
    [DataRow("666M", 21, 11, 1408, 128, 5632, 666_168_448, 756_281_856)]
    [DataRow("717M", 19, 12, 1536, 128, 6144, 717_285_888, 815_591_424)]
    [DataRow("761M", 24, 11, 1408, 128, 5632, 761_335_168, 851_448_576)]
    [DataRow("831M", 22, 12, 1536, 128, 6144, 830_541_312, 928_846_848)]
    [DataRow("944M", 25, 12, 1536, 128, 6144, 943_796_736, 1_042_102_272)]
    [DataRow("1028M", 20, 14, 1792, 128, 7168, 1_027_677_952, 1_142_367_744)]
    [DataRow("1233M", 24, 14, 1792, 128, 7168, 1_233_213_184, 1_347_902_976)]
    [DataRow("1476M", 22, 16, 2048, 128, 8192, 1_476_487_168, 1_607_561_216)]
    [DataRow("1678M", 25, 16, 2048, 128, 8192, 1_677_826_048, 1_808_900_096)]
    [DataRow("2121M", 28, 17, 2176, 128, 8704, 2_121_393_280, 2_260_659_456)]
    public void EveryPresetHasItsPublishedShapeAndCounts(
        string size, int layers, int heads, int width, int headSize, int feedForward, long nonEmbedding, long total)
    {
        TransformerConfig config = TransformerConfig.FromPreset(size);
        config.Validate();
        Assert.AreEqual(config, TransformerConfig.FromPreset("Diff_LLaMA_" + size));
        Assert.AreEqual(
            (layers, heads, width, headSize, feedForward),
            (config.LayerCount, config.HeadCount, config.EmbeddingSize, config.HeadSize, config.FeedForwardSize));
        Assert.AreEqual(
            (32000, 2048, 32000, false), (config.VocabularySize, config.ContextLength, config.MaskTokenId, config.Autoregressive));
        Assert.AreEqual(nonEmbedding, config.NonEmbeddingParameterCount);
        Assert.AreEqual(total, config.ParameterCount);
        Assert.AreEqual(total - width, (config with { Autoregressive = true }).ParameterCount);
    }

    [TestMethod]
    public void ThereAreThirtyPresets() => Assert.AreEqual(30, TransformerConfig.PresetNames.Distinct().Count());

    [TestMethod]
    public void AnUnknownPresetIsNamedWithThePresetsThereAre()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => TransformerConfig.FromPreset("7B"));
        StringAssert.Contains(error.Message, "7B");
        StringAssert.Contains(error.Message, "1028M");
    }

    [TestMethod]
    public void EverySizeOutOfRangeIsNamed()
    {
        TransformerConfig good = TransformerConfig.FromPreset("6M");
        (TransformerConfig Bad, string Option)[] cases =
        [
            (good with { LayerCount = 0 }, nameof(good.LayerCount)),
            (good with { HeadCount = 0 }, nameof(good.HeadCount)),
            (good with { HeadCount = 3 }, nameof(good.HeadCount)),
            (good with { HeadCount = 256 }, nameof(good.HeadCount)),
            (good with { EmbeddingSize = 1 }, nameof(good.EmbeddingSize)),
            (good with { FeedForwardSize = 0 }, nameof(good.FeedForwardSize)),
            // 2^31 numbers in one weight: more than an index of 32 bits can tell apart.
            (good with { VocabularySize = 1 << 24, EmbeddingSize = 128, HeadCount = 2 }, nameof(good.EmbeddingSize)),
            (good with { FeedForwardSize = 1 << 20, EmbeddingSize = 2048, HeadCount = 2 }, nameof(good.EmbeddingSize)),
            (good with { VocabularySize = 0 }, nameof(good.VocabularySize)),
            (good with { ContextLength = 0 }, nameof(good.ContextLength)),
            (good with { NormEpsilon = double.NaN }, nameof(good.NormEpsilon)),
            (good with { RotaryPrecision = (RotaryPrecision)9 }, nameof(good.RotaryPrecision)),
        ];
        foreach ((TransformerConfig bad, string option) in cases)
            Assert.AreEqual(option, Assert.ThrowsExactly<ArgumentOutOfRangeException>(bad.Validate).ParamName);
        TransformerConfig nameless = good with { Name = " " };
        Assert.AreEqual(nameof(good.Name), Assert.ThrowsExactly<ArgumentException>(nameless.Validate).ParamName);
    }
}
