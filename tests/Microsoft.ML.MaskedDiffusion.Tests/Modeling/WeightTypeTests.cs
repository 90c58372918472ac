using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Models whose matrices are loaded in fewer bits: what they compute, what is saved of them and what they refuse.</summary>
[TestClass]
public sealed class WeightTypeTests
{
    private static IEnumerable<object[]> Published => PublishedFolder.Names.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Published))]
    public void PublishedModelsGiveTheBitsThatTheyGiveIn32Bits(string name)
    {
        using var folder = new PublishedFolder(name);
        using MaskedDiffusionModel narrow = MaskedDiffusionModel.Load(folder.Path, "cpu", WeightType.BFloat16);
        using MaskedDiffusionModel wide = MaskedDiffusionModel.Load(folder.Path, "cpu", WeightType.Float32);
        Assert.AreEqual(WeightType.BFloat16, narrow.WeightType);
        Assert.AreEqual(WeightType.Float32, wide.WeightType);
        // ModernBERT's numbers have 32 bits in the file; then the wide model gets the rounded ones.
        wide.Network.CopyFrom(narrow.Network);
        AssertSameResults(wide, narrow);
    }

    [TestMethod]
    public void EveryFormOfAModelIsOpenedInEveryType()
    {
        using var other = new TemporaryFolder();
        using MaskedDiffusionModel tiny = TinyModel.Create();
        var ml = new MLContext(1);
        IDataView view = ml.Data.LoadFromEnumerable(TextRow.Make("the cat"));
        tiny.Save(other.File("tiny"));
        tiny.Save(other.File("tiny.mdm"));
        ml.MaskedDiffusion().SaveModel(ml.MaskedDiffusion().ScoreLikelihood(tiny).Fit(view), view.Schema, other.File("tiny.zip"));
        string weights = Path.Combine(other.File("tiny"), "model.safetensors");
        foreach (WeightType type in Enum.GetValues<WeightType>())
        {
            using MaskedDiffusionModel expected = MaskedDiffusionModel.Load(other.File("tiny"), "cpu", type);
            Assert.AreEqual(type == WeightType.Automatic ? WeightType.Float32 : type, expected.WeightType);
            foreach (string form in new[] { "tiny", "tiny.mdm", "tiny.zip" })
            {
                using MaskedDiffusionModel opened = ml.MaskedDiffusion().OpenModel(other.File(form), weightType: type);
                Assert.AreEqual(expected.WeightType, opened.WeightType, form);
                AssertSameResults(expected, opened);
            }
            using MaskedDiffusionModel alone = MaskedDiffusionModel.FromSafetensors(weights, tiny.Config, tiny.Tokenizer, "cpu", type);
            Assert.AreEqual(expected.WeightType, alone.WeightType);
            AssertSameResults(expected, alone);
            using FileStream archive = File.OpenRead(other.File("tiny.mdm"));
            using MaskedDiffusionModel streamed = MaskedDiffusionModel.Load(archive, "cpu", type);
            AssertSameResults(expected, streamed);
        }
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => ml.MaskedDiffusion().OpenModel(other.File("tiny"), weightType: (WeightType)7));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => MaskedDiffusionModel.FromSafetensors(weights, tiny.Config, tiny.Tokenizer, "cpu", (WeightType)7));
    }

    [TestMethod]
    public void WeightsOf16BitsInAFileAloneAreWidenedUnlessOthersAreAskedFor()
    {
        using var other = new TemporaryFolder();
        using MaskedDiffusionModel tiny = TinyModel.Create();
        tiny.Save(other.File("tiny"));
        using MaskedDiffusionModel narrow = MaskedDiffusionModel.Load(other.File("tiny"), "cpu", WeightType.BFloat16);
        narrow.Save(other.File("narrow"));
        string weights = Path.Combine(other.File("narrow"), "model.safetensors");
        using MaskedDiffusionModel wide = MaskedDiffusionModel.FromSafetensors(weights, tiny.Config, tiny.Tokenizer, "cpu");
        Assert.AreEqual(WeightType.Float32, wide.WeightType);
        using MaskedDiffusionModel same =
            MaskedDiffusionModel.FromSafetensors(weights, tiny.Config, tiny.Tokenizer, "cpu", WeightType.Automatic);
        Assert.AreEqual(WeightType.BFloat16, same.WeightType);
        AssertSameResults(wide, same);
    }

    [TestMethod]
    [DynamicData(nameof(Published))]
    public void ByDefaultAModelIsHeldAsItsFilesAre(string name)
    {
        using var folder = new PublishedFolder(name);
        using var other = new TemporaryFolder();
        using MaskedDiffusionModel model = folder.Load();
        Assert.AreEqual(name == "modernbert" ? WeightType.Float32 : WeightType.BFloat16, model.WeightType);
        model.Save(other.File("own.mdm"));
        using MaskedDiffusionModel own = MaskedDiffusionModel.Load(other.File("own.mdm"), "cpu");
        Assert.AreEqual(model.WeightType, own.WeightType);
        using MaskedDiffusionModel wide = MaskedDiffusionModel.Load(other.File("own.mdm"), "cpu", WeightType.Float32);
        Assert.AreEqual(WeightType.Float32, wide.WeightType);
        AssertSameResults(wide, own);
    }

    [TestMethod]
    [DataRow("a2d-qwen3")]
    [DataRow("dream")]
    public void WhatWasPublishedInBFloat16IsPublishedSoAgain(string name)
    {
        using var folder = new PublishedFolder(name);
        using var other = new TemporaryFolder();
        using MaskedDiffusionModel model = folder.Load();
        model.SavePublished(other.File("again"), name == "dream" ? "Dream" : name);
        using SafetensorsReader before = SafetensorsReader.Open(Path.Combine(folder.Path, "model.safetensors"));
        using SafetensorsReader after = SafetensorsReader.Open(Path.Combine(other.File("again"), "model.safetensors"));
        foreach (SafetensorsEntry entry in after.Entries)
        {
            SafetensorsEntry source = before.Find(entry.Name);
            Assert.AreEqual(SafetensorsType.BF16, entry.Type, entry.Name);
            byte[] expected = new byte[source.ByteCount], actual = new byte[entry.ByteCount];
            before.ReadBytes(source, expected);
            after.ReadBytes(entry, actual);
            CollectionAssert.AreEqual(expected, actual, entry.Name);
        }
        StringAssert.Contains(File.ReadAllText(Path.Combine(other.File("again"), "config.json")), "\"bfloat16\"");
    }

    [TestMethod]
    public void GainsThatHaveMoreBitsArePublishedIn32()
    {
        using var folder = new PublishedFolder("a2d-qwen3");
        using var other = new TemporaryFolder();
        using MaskedDiffusionModel model = folder.Load();
        using (no_grad())
        using (Tensor gain = model.Network.Parameters["transformer.ln_f.weight"].narrow(0, 0, 1))
            gain.Set(1 + 1e-6f);
        model.SavePublished(other.File("again"), "a2d-qwen3");
        using SafetensorsReader file = SafetensorsReader.Open(Path.Combine(other.File("again"), "model.safetensors"));
        Assert.AreEqual(SafetensorsType.F32, file.Find("model.norm.weight").Type);
        Assert.AreEqual(SafetensorsType.BF16, file.Find("model.layers.0.input_layernorm.weight").Type);
        using MaskedDiffusionModel again = MaskedDiffusionModel.Load(other.File("again"), "cpu");
        AssertSameResults(model, again);
    }

    [TestMethod]
    public void NumbersOf32BitsAreRoundedAsTorchRoundsThem()
    {
        using var other = new TemporaryFolder();
        using MaskedDiffusionModel tiny = TinyModel.Create();
        tiny.Save(other.File("tiny"));
        using MaskedDiffusionModel wide = MaskedDiffusionModel.Load(other.File("tiny"), "cpu");
        Assert.AreEqual(WeightType.Float32, wide.WeightType);
        using MaskedDiffusionModel narrow = MaskedDiffusionModel.Load(other.File("tiny"), "cpu", WeightType.BFloat16);
        using var scope = NewDisposeScope();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in narrow.Network.Parameters)
        {
            Tensor expected = wide.Network.Parameters[name].detach().to(parameter.dtype).to(ScalarType.Float32);
            CollectionAssert.AreEqual(
                expected.data<float>().ToArray(), parameter.detach().to(ScalarType.Float32).data<float>().ToArray(), name);
        }
        long before = new FileInfo(Path.Combine(other.File("tiny"), "model.safetensors")).Length;
        narrow.Save(other.File("narrow"));
        long after = new FileInfo(Path.Combine(other.File("narrow"), "model.safetensors")).Length;
        // Half of it, but for the gains and the header.
        Limit.Below(0.6 * before, after);
        using MaskedDiffusionModel copy = narrow.Clone();
        Assert.AreEqual(WeightType.BFloat16, copy.WeightType);
        AssertSameResults(narrow, copy);
    }

    [TestMethod]
    public void TrainingIsRefusedAndTheRemedyNamed()
    {
        using var folder = new PublishedFolder("a2d-qwen2");
        foreach (WeightType type in new[] { WeightType.BFloat16, WeightType.Int8 })
        {
            using MaskedDiffusionModel model = folder.Load(type);
            var ml = new MLContext(1);
            var options = new TrainerOptions { InitialModel = model, MaxSteps = 1 };
            (options.Network, options.Tokenizer) = (new TrainerOptions().Network, new TrainerOptions().Tokenizer);
            string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MaskedDiffusionTrainer(ml, options)).Message;
            StringAssert.Contains(message, $"InitialModel is {type}");
            StringAssert.Contains(message, "WeightType.Float32");
        }
    }

    [TestMethod]
    [DataRow((ushort)0x7FC0)]
    [DataRow((ushort)0x7F80)]
    [DataRow((ushort)0xFF80)]
    public void NumbersThatAreNotFiniteAreRefused(ushort bits)
    {
        using var folder = new PublishedFolder("dream");
        string path = Path.Combine(folder.Path, "model.safetensors");
        foreach (string name in new[] { "model.layers.1.mlp.down_proj.weight", "model.layers.0.self_attn.k_proj.weight" })
        {
            byte[] original = File.ReadAllBytes(path), bytes = [.. original];
            using (SafetensorsReader reader = SafetensorsReader.Open(path))
            {
                SafetensorsEntry entry = reader.Find(name);
                long data = original.Length - reader.Entries.Max(one => one.End);
                BitConverter.TryWriteBytes(bytes.AsSpan((int)(data + entry.Begin + 2 * 77)), bits);
            }
            File.WriteAllBytes(path, bytes);
            foreach (WeightType type in Enum.GetValues<WeightType>())
            {
                string message = Assert.ThrowsExactly<InvalidDataException>(
                    () => MaskedDiffusionModel.Load(folder.Path, "cpu", type)).Message;
                StringAssert.Contains(message, name);
                StringAssert.Contains(message, "not finite");
            }
            File.WriteAllBytes(path, original);
        }
    }

    [TestMethod]
    public void ATypeThatIsNoneIsRefused()
    {
        using var stream = new MemoryStream();
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => MaskedDiffusionModel.Load("nowhere", "cpu", (WeightType)7)).Message, "Automatic, Float32, BFloat16, Int8");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => MaskedDiffusionModel.Load(stream, "cpu", (WeightType)7));
    }

    // Likelihoods, choices, texts with and without caches, and filled gaps; autoregressive or not makes no difference to the calls.
    internal static void AssertSameResults(MaskedDiffusionModel expected, MaskedDiffusionModel actual)
    {
        CollectionAssert.AreEqual(Results(expected), Results(actual));

        static string[] Results(MaskedDiffusionModel model)
        {
            string word = model.Tokenizer.Decode([5]), text = $"{word} {model.Tokenizer.Decode([7])} {word}";
            TextLikelihood score = new LikelihoodScorer(model, new LikelihoodOptions { Samples = 4 }).Score(text);
            List<string> results = [$"{score.NegativeLogLikelihood:R}"];
            foreach (SamplingCache cache in new[] { SamplingCache.None, SamplingCache.Prefix, SamplingCache.Dual })
            {
                var options = new GenerationOptions { MaxNewTokens = 8 };
                (options.Sampling.BlockLength, options.Sampling.Cache, options.Sampling.Seed) = (4, cache, 3);
                results.Add(string.Join(' ', new TextGenerator(model, options).Generate(text).Tokens.Select(token => token.Text)));
            }
            results.Add(new Infiller(model).Fill($"{word} [MASK*2] {word}"));
            return [.. results];
        }
    }
}
