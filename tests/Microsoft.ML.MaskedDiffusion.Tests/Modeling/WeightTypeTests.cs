using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Adapters;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
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
    [DynamicData(nameof(Published))]
    public void PublishedModelsIn8BitsAreThoseOfTheirRoundedNumbers(string name)
    {
        using var folder = new PublishedFolder(name);
        using MaskedDiffusionModel narrow = MaskedDiffusionModel.Load(folder.Path, "cpu", WeightType.Int8);
        using MaskedDiffusionModel wide = MaskedDiffusionModel.Load(folder.Path, "cpu", WeightType.Float32);
        Assert.AreEqual(WeightType.Int8, narrow.WeightType);
        using var rounded = new TransformerNetwork(wide.Config, CPU, ScalarType.Int8);
        rounded.CopyFrom(wide.Network);
        foreach ((string matrix, Tensor scales) in narrow.Network.Scales)
        {
            CollectionAssert.AreEqual(Bytes(rounded.Scales[matrix]), Bytes(scales), matrix);
            CollectionAssert.AreEqual(Bytes(rounded.Parameters[matrix]), Bytes(narrow.Network.Parameters[matrix]), matrix);
        }
        Int8WeightsTests.SetToProducts(wide.Network, narrow.Network);
        AssertSameResults(wide, narrow);

        static byte[] Bytes(Tensor values) => values.detach().bytes.ToArray();
    }

    [TestMethod]
    [DataRow("a2d-qwen3")]
    [DataRow("modernbert")]
    public void WhatIsHeldIn8BitsIsSavedSo(string name)
    {
        using var folder = new PublishedFolder(name);
        using var other = new TemporaryFolder();
        using MaskedDiffusionModel model = folder.Load(WeightType.Int8);
        using MaskedDiffusionModel wide = folder.Load(WeightType.Float32);
        Int8WeightsTests.SetToProducts(wide.Network, model.Network);
        var ml = new MLContext(1);
        IDataView view = ml.Data.LoadFromEnumerable(TextRow.Make("w5 w7"));
        model.Save(other.File("own"));
        model.Save(other.File("own.mdm"));
        ml.MaskedDiffusion().SaveModel(ml.MaskedDiffusion().ScoreLikelihood(model).Fit(view), view.Schema, other.File("own.zip"));
        foreach (string form in new[] { "own", "own.mdm", "own.zip" })
        {
            using MaskedDiffusionModel again = ml.MaskedDiffusion().OpenModel(other.File(form));
            Assert.AreEqual(WeightType.Int8, again.WeightType, form);
            AssertSameResults(wide, again);
            // What the integers stand for are 32-bit floats, which lose nothing.
            using MaskedDiffusionModel widened = ml.MaskedDiffusion().OpenModel(other.File(form), WeightType.Float32);
            Assert.AreEqual(WeightType.Float32, widened.WeightType, form);
            AssertSameResults(wide, widened);
            using MaskedDiffusionModel rounded = ml.MaskedDiffusion().OpenModel(other.File(form), WeightType.BFloat16);
            Assert.AreEqual(WeightType.BFloat16, rounded.WeightType, form);
        }
        using SafetensorsReader file = SafetensorsReader.Open(Path.Combine(other.File("own"), "model.safetensors"));
        Assert.AreEqual(SafetensorsType.I8, file.Find("transformer.wte.weight").Type);
        Assert.AreEqual(SafetensorsType.F32, file.Find("transformer.wte.weight_scale").Type);
        Assert.AreEqual(model.Config.WeightBytes(WeightType.Int8), file.Entries.Sum(entry => entry.ByteCount));
        string message = Assert.ThrowsExactly<NotSupportedException>(
            () => model.SavePublished(other.File("published"), name)).Message;
        StringAssert.Contains(message, "held in WeightType.Int8");
        StringAssert.Contains(message, "save the model with Save");
        Assert.IsFalse(Directory.Exists(other.File("published")));
    }

    [TestMethod]
    public void DamagedScalesAreNamed()
    {
        using var other = new TemporaryFolder();
        using MaskedDiffusionModel tiny = TinyModel.Create(), narrow = tiny.Clone("cpu", WeightType.Int8);
        string path = other.File("weights.safetensors");
        const string Matrix = "transformer.h.1.mlp.swiglu.w2.weight", Scale = Matrix + "_scale";
        Dictionary<string, Tensor> tensors = narrow.Network.Stored.ToDictionary(item => item.Key, item => item.Value.detach().clone());
        AssertFault(tensors, null);
        foreach (float bad in new[] { float.NaN, float.NegativeInfinity, 1e37f })
        {
            using Tensor kept = tensors[Scale].clone();
            tensors[Scale][3] = bad;
            AssertFault(tensors, $"\"{Scale}\" holds numbers that are not finite");
            tensors[Scale].copy_(kept);
        }
        Tensor scales = tensors[Scale];
        tensors.Remove(Scale);
        AssertFault(tensors, $"\"{Scale}\" is missing");
        tensors[Scale] = scales.narrow(0, 0, 5).clone();
        AssertFault(tensors, $"\"{Scale}\" has shape [5], expected is [64]");
        tensors[Scale] = scales.to(ScalarType.Int64);
        AssertFault(tensors, $"\"{Scale}\" is of type I64, expected is F32");
        tensors[Scale] = scales;
        Tensor matrix = tensors[Matrix];
        tensors[Matrix] = matrix.to(ScalarType.Float32);
        AssertFault(tensors, "is of type I8, expected is F32");
        tensors.Remove(Matrix);
        AssertFault(tensors, $"\"{Matrix}\" is missing");

        void AssertFault(Dictionary<string, Tensor> written, string? fault)
        {
            using (FileStream stream = File.Create(path))
                SafetensorsWriter.WriteModel(stream, written);
            foreach (WeightType type in Enum.GetValues<WeightType>())
            {
                MaskedDiffusionModel Load() => MaskedDiffusionModel.FromSafetensors(path, tiny.Config, tiny.Tokenizer, "cpu", type);
                if (fault is null)
                    Load().Dispose();
                else
                    StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(Load).Message, fault);
            }
        }
    }

    [TestMethod]
    public void AnAdapterIsNotMergedIntoRoundedWeights()
    {
        using var other = new TemporaryFolder();
        using MaskedDiffusionModel tiny = TinyModel.Create();
        tiny.Save(other.File("tiny"));
        using MaskedDiffusionModel narrow = MaskedDiffusionModel.Load(other.File("tiny"), "cpu", WeightType.Int8);
        var adapter = new LoraAdapter(1, 1, ["lm_head"],
            [new LoraFactors("lm_head", new float[32], new float[tiny.Config.VocabularySize])], null);
        tiny.Merge(adapter).Dispose();
        string message = Assert.ThrowsExactly<NotSupportedException>(() => narrow.Merge(adapter)).Message;
        StringAssert.Contains(message, "merge the adapter, save the result and load that with WeightType.Int8");
        using MaskedDiffusionModel copy = narrow.Clone();
        Assert.AreEqual(WeightType.Int8, copy.WeightType);
        AssertSameResults(narrow, copy);
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
                using MaskedDiffusionModel opened = ml.MaskedDiffusion().OpenModel(other.File(form), type);
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
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ml.MaskedDiffusion().OpenModel(other.File("tiny"), (WeightType)7));
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
    public void ATiedOutputLayerInTheFilesMustBeTheTableIn8BitsToo()
    {
        using var folder = new PublishedFolder("a2d-qwen2");
        string path = Path.Combine(folder.Path, "model.safetensors");
        Dictionary<string, Tensor> tensors = [];
        using (SafetensorsReader reader = SafetensorsReader.Open(path))
            foreach (SafetensorsEntry entry in reader.Entries)
                tensors[entry.Name] = tensor(reader.ReadSingles(entry.Name), [.. entry.Shape]);
        const string Table = "model.embed_tokens.weight", Head = "lm_head.weight";
        foreach (float change in new[] { 0f, 1 })
        {
            tensors[Head] = tensors[Table].clone();
            tensors[Head][3, 5].add_(change);
            using (FileStream stream = File.Create(path))
                SafetensorsWriter.WriteModel(stream, tensors);
            if (change == 0)
                folder.Load(WeightType.Int8).Dispose();
            else
                StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => folder.Load(WeightType.Int8)).Message, Head);
        }
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
            gain.fill_(1 + 1e-6f);
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
        Assert.IsLessThan(0.6 * before, after);
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
    private static void AssertSameResults(MaskedDiffusionModel expected, MaskedDiffusionModel actual)
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
