using System.IO.Compression;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Text.BytePair;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class MaskedDiffusionModelTests
{
    private static readonly TextTokenizer Tokenizer =
        BytePairTrainer.Train(["the cat sat on the mat", "the dog sat on the log"], 270);
    private static readonly TransformerConfig Config = TransformerNetworkTests.Small with
    {
        Name = "test",
        VocabularySize = Tokenizer.VocabularySize,
        NormEpsilon = 3e-6,
        RotaryPrecision = RotaryPrecision.BFloat16,
    };

    [TestMethod]
    public void TheNetworkAloneIsReadFromEveryFormOfAModel()
    {
        using var folder = new TemporaryFolder();
        using MaskedDiffusionModel model = TinyModel.Create();
        foreach (string name in new[] { "lm", "lm.mdm" })
        {
            model.Save(folder.File(name));
            Assert.AreEqual(model.Config, MaskedDiffusionModel.ReadConfig(folder.File(name)));
        }
        using var published = new PublishedFolder("llada");
        using MaskedDiffusionModel llada = published.Load();
        Assert.AreEqual(llada.Config, MaskedDiffusionModel.ReadConfig(published.Path));
        File.WriteAllText(folder.File("text.mdm"), "no archive");
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => MaskedDiffusionModel.ReadConfig(folder.File("text.mdm"))).Message, "text.mdm");
        StringAssert.Contains(
            Assert.ThrowsExactly<FileNotFoundException>(() => MaskedDiffusionModel.ReadConfig(folder.File("none"))).Message, "none");
    }

    [TestMethod]
    [DataRow("model")]
    [DataRow("model.mdm")]
    public void ASavedModelLoadsWithTheSameBits(string name)
    {
        using var folder = new TemporaryFolder();
        using MaskedDiffusionModel model = Create();
        string path = folder.File(name);
        model.Save(path);
        CollectionAssert.AreEqual(new[] { path }, Directory.GetFileSystemEntries(folder.Path), "nothing is left beside the model");
        using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(path, "cpu");
        AssertSame(model, loaded);
        Assert.AreEqual("cpu", loaded.Device);
        CollectionAssert.AreEqual(model.Tokenizer.Encode("the cat's hat"), loaded.Tokenizer.Encode("the cat's hat"));
    }

    [TestMethod]
    public void EqualModelsGiveEqualArchivesThroughStreamsThatCannotSeek()
    {
        using MaskedDiffusionModel model = Create(), copy = model.Clone();
        byte[] bytes = Archive(model);
        CollectionAssert.AreEqual(bytes, Archive(copy));
        using var oneWay = new HashingStream(new MemoryStream(bytes));
        using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(oneWay, "cpu");
        AssertSame(model, loaded);
        using var written = new MemoryStream();
        using (var sink = new HashingStream(written, leaveOpen: true))
            model.Save(sink);
        written.Position = 0;
        using MaskedDiffusionModel again = MaskedDiffusionModel.Load(written, "cpu");
        AssertSame(model, again);
    }

    [TestMethod]
    public void SavingAgainReplacesTheModelAndNothingElse()
    {
        using var folder = new TemporaryFolder();
        using MaskedDiffusionModel first = Create(1), second = Create(2);
        foreach (string path in new[] { folder.File("model"), folder.File("model.mdm") })
        {
            first.Save(path);
            second.Save(path);
            using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(path, "cpu");
            AssertSame(second, loaded);
        }
        string other = folder.File("photographs");
        Directory.CreateDirectory(other);
        File.WriteAllText(Path.Combine(other, "cat.jpg"), "");
        Assert.ThrowsExactly<IOException>(() => first.Save(other));
        Assert.IsTrue(File.Exists(Path.Combine(other, "cat.jpg")));
    }

    [TestMethod]
    public void AFailedSaveLeavesTheOldModel()
    {
        using var folder = new TemporaryFolder();
        using MaskedDiffusionModel model = Create();
        string file = folder.File("plain");
        File.WriteAllText(file, "");
        Exception error = Assert.Throws<IOException>(() => model.Save(Path.Combine(file, "model.mdm")));
        StringAssert.Contains(error.Message, "plain");
        using var full = new FullStream();
        Assert.ThrowsExactly<IOException>(() => model.Save(full));
        string kept = folder.File("kept");
        model.Save(kept);
        using MaskedDiffusionModel gone = Create(2);
        gone.Dispose();
        foreach (string path in new[] { kept, folder.File("kept.mdm") })
            Assert.Throws<Exception>(() => gone.Save(path));
        CollectionAssert.AreEquivalent(new[] { file, kept }, Directory.GetFileSystemEntries(folder.Path));
        using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(kept, "cpu");
        AssertSame(model, loaded);
    }

    [TestMethod]
    public void AnAlteredFileOfAFolderIsNamed()
    {
        using var folder = new TemporaryFolder();
        using MaskedDiffusionModel model = Create();
        string path = folder.File("model");
        model.Save(path);
        foreach (string file in Directory.GetFiles(path, "*", SearchOption.AllDirectories))
        {
            byte[] whole = File.ReadAllBytes(file);
            string name = Path.GetFileName(file);
            void Refused(byte[] content)
            {
                File.WriteAllBytes(file, content);
                StringAssert.Contains(
                    Assert.ThrowsExactly<InvalidDataException>(() => MaskedDiffusionModel.Load(path, "cpu")).Message, name);
            }
            Refused(whole[..^1]);
            Refused([]);
            if (name != ModelManifest.Name)
            {
                Refused([.. whole, 0]);
                byte[] altered = [.. whole];
                altered[^3] ^= 4;
                Refused(altered);
            }
            File.Delete(file);
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => MaskedDiffusionModel.Load(path, "cpu")).Message, name);
            File.WriteAllBytes(file, whole);
        }
        using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(path, "cpu");
        AssertSame(model, loaded);
    }

    [TestMethod]
    public void AnyCutAndAnyFlippedBitOfAnArchiveIsRefusedOrChangesNothing()
    {
        using MaskedDiffusionModel model = Create();
        byte[] whole = Archive(model);
        var random = new CounterRandom(2, 1, RandomPurpose.Example);
        for (int i = 0; i < 400; i++)
        {
            byte[] altered = [.. whole];
            if (i < 100)
                altered = whole[..random.NextInt32(whole.Length)];
            // The directory at the end holds the structure, so half of the flips go there.
            else
                for (int f = 0; f <= i % 3; f++)
                    altered[i % 2 == 0 ? random.NextInt32(whole.Length) : whole.Length - 1 - random.NextInt32(700)] ^= (byte)(
                        1 << random.NextInt32(8));
            try
            {
                using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(new MemoryStream(altered), "cpu");
                AssertSame(model, loaded);
            }
            catch (InvalidDataException error)
            {
                Assert.IsFalse(string.IsNullOrEmpty(error.Message));
            }
        }
    }

    [TestMethod]
    public void HostileArchivesAreRefused()
    {
        using MaskedDiffusionModel model = Create();
        Dictionary<string, byte[]> files = Entries(Archive(model));
        string config = System.Text.Encoding.UTF8.GetString(files["config.json"]);
        void Refused(string fault, Action<Dictionary<string, byte[]>> change)
        {
            var changed = new Dictionary<string, byte[]>(files);
            change(changed);
            StringAssert.Contains(
                Assert.ThrowsExactly<InvalidDataException>(() => MaskedDiffusionModel.Load(Zip(changed), "cpu")).Message, fault);
        }
        void WithConfig(Dictionary<string, byte[]> entries, string text)
        {
            entries["config.json"] = System.Text.Encoding.UTF8.GetBytes(text);
            var manifest = new ModelManifest();
            foreach ((string name, byte[] content) in entries)
                if (name != ModelManifest.Name)
                    manifest.Write(name, Stream.Null, stream => stream.Write(content));
            entries[ModelManifest.Name] = manifest.ToJson();
        }
        void WithManifest(Dictionary<string, byte[]> entries, string text) =>
            entries[ModelManifest.Name] = System.Text.Encoding.UTF8.GetBytes(text);
        string WithSizes(int layers, int feedForward) => config
            .Replace("\"layerCount\": 2", $"\"layerCount\": {layers}")
            .Replace("\"feedForwardSize\": 40", $"\"feedForwardSize\": {feedForward}");
        Refused("manifest.json", entries => entries.Remove(ModelManifest.Name));
        Refused("model.safetensors", entries => entries.Remove("model.safetensors"));
        Refused("version", entries => WithManifest(entries, """{"format":"Microsoft.ML.MaskedDiffusion","version":2,"files":{}}"""));
        Refused("format", entries => WithManifest(entries, """{"format":"x","version":1,"files":{}}"""));
        // A network of terabytes is refused before memory is taken for it.
        Refused("cannot hold", entries => WithConfig(entries, WithSizes(1000, 1_000_000)));
        Refused("layerCount", entries => WithConfig(entries, config.Replace("\"layerCount\": 2", "\"layerCount\": \"2\"")));
        Refused("HeadCount", entries => WithConfig(entries, config.Replace("\"headCount\": 2", "\"headCount\": 5")));
        Refused("rotaryPrecision", entries => WithConfig(entries, config.Replace("BFloat16", "Float8")));
        Refused("missing", entries => WithConfig(entries, WithSizes(3, 16)));
        Refused($"tokenizer has {Tokenizer.VocabularySize} tokens", entries =>
            WithConfig(entries, config.Replace($"\"vocabularySize\": {Tokenizer.VocabularySize}", "\"vocabularySize\": 260")));
        Assert.ThrowsExactly<InvalidDataException>(
            () => MaskedDiffusionModel.Load(new MemoryStream("no archive at all"u8.ToArray()), "cpu"));
        Assert.ThrowsExactly<InvalidDataException>(() => MaskedDiffusionModel.Load(new MemoryStream(), "cpu"));
    }

    [TestMethod]
    public void WhatIsNotThereIsSaid()
    {
        using var folder = new TemporaryFolder();
        Assert.ThrowsExactly<FileNotFoundException>(() => MaskedDiffusionModel.Load(folder.File("none")));
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => MaskedDiffusionModel.Load(folder.Path)).Message, "manifest.json");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => MaskedDiffusionModel.Load(folder.Path, "tpu"));
        Assert.ThrowsExactly<FileNotFoundException>(() => MaskedDiffusionModel.FromSafetensors(folder.File("none"), "6M", Tokenizer));
    }

    [TestMethod]
    public void PublishedCheckpointsOpenAndTellTheirKind()
    {
        using var folder = new TemporaryFolder();
        foreach (bool autoregressive in new[] { false, true })
        {
            TransformerConfig config = Config with { Autoregressive = autoregressive, Name = "custom" };
            using TransformerNetwork network = TransformerNetworkTests.Sharp(config, ScalarType.Float32);
            string path = folder.File($"{autoregressive}.safetensors");
            using (FileStream stream = File.Create(path))
                SafetensorsWriter.Write(stream, network.Parameters.Select(p => KeyValuePair.Create(p.Key, (Tensor)p.Value)));
            using MaskedDiffusionModel model =
                MaskedDiffusionModel.FromSafetensors(path, config with { Autoregressive = !autoregressive }, Tokenizer, "cpu");
            Assert.AreEqual(config, model.Config);
            Span<float> head = TensorMemory.FloatSpan(network.Parameters["lm_head.weight"]);
            Assert.IsTrue(head.SequenceEqual(TensorMemory.FloatSpan(model.Network.Parameters["lm_head.weight"])));
            var error = Assert.ThrowsExactly<InvalidDataException>(() =>
                MaskedDiffusionModel.FromSafetensors(path, "6M", Tokenizer, "cpu"));
            StringAssert.Contains(error.Message, "expected is [32000, 256]");
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void WhereTheMaskIsATokenTheConfigurationTellsTheKind(bool autoregressive)
    {
        using var folder = new TemporaryFolder();
        TransformerConfig config = Config with { Autoregressive = autoregressive, MaskTokenId = 5, Name = "custom" };
        using var model = new MaskedDiffusionModel(TransformerNetworkTests.Sharp(config, ScalarType.Float32), Tokenizer);
        model.Save(folder.File("model"));
        using MaskedDiffusionModel opened =
            MaskedDiffusionModel.FromSafetensors(folder.File("model/model.safetensors"), model.Config, Tokenizer, "cpu");
        AssertSame(model, opened);
    }

    [TestMethod]
    public void ACloneIsIndependentAndADisposedModelSaysSo()
    {
        using MaskedDiffusionModel model = Create();
        MaskedDiffusionModel clone = model.Clone("cpu");
        AssertSame(model, clone);
        TensorMemory.FloatSpan(clone.Network.Parameters["lm_head.weight"]).Fill(0);
        Assert.AreNotEqual(0f, TensorMemory.FloatSpan(model.Network.Parameters["lm_head.weight"])[0]);
        clone.Dispose();
        clone.Dispose();
        using var scope = NewDisposeScope();
        Assert.ThrowsExactly<ObjectDisposedException>(() => clone.Network.Hidden(new TokenRows(new long[3], 3)));
        Assert.AreEqual(3, model.Network.Hidden(new TokenRows(new long[3], 3)).size(1));
    }

    [TestMethod]
    public void DisposalWaitsForCallsInOtherThreads()
    {
        for (int round = 0; round < 20; round++)
        {
            MaskedDiffusionModel model = Create();
            using var started = new CountdownEvent(4);
            // Threads of their own: the pool would start the last of them half a second later, while the first compute.
            Task[] users = [.. Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(() =>
            {
                using var scope = NewDisposeScope();
                using IDisposable noGradient = no_grad();
                var tokens = new TokenRows(new long[4 * 20], 20);
                model.Network.Hidden(tokens);
                started.Signal();
                try
                {
                    while (true)
                        Assert.IsFalse(model.Network.Hidden(tokens).isnan().any().item<bool>());
                }
                catch (ObjectDisposedException)
                {
                }
            }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
            Assert.IsTrue(started.Wait(TimeSpan.FromMinutes(2)), "all threads compute");
            model.Dispose();
            Task.WaitAll(users);
        }
    }

    [TestMethod]
    public void ATokenizerTooLargeForTheNetworkIsRefused()
    {
        using var network = new TransformerNetwork(Config with { VocabularySize = 200 }, CPU);
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => new MaskedDiffusionModel(network, Tokenizer)).Message,
            $"{Tokenizer.VocabularySize} tokens");
    }

    private static MaskedDiffusionModel Create(ulong seed = 3)
    {
        var network = new TransformerNetwork(Config, CPU);
        network.Initialize(seed);
        return new MaskedDiffusionModel(network, Tokenizer);
    }

    private static byte[] Archive(MaskedDiffusionModel model)
    {
        using var stream = new MemoryStream();
        model.Save(stream);
        return stream.ToArray();
    }

    private static Dictionary<string, byte[]> Entries(byte[] archive)
    {
        using var zip = new ZipArchive(new MemoryStream(archive));
        return zip.Entries.ToDictionary(entry => entry.FullName, entry =>
        {
            using Stream content = entry.Open();
            using var copy = new MemoryStream();
            content.CopyTo(copy);
            return copy.ToArray();
        });
    }

    private static MemoryStream Zip(Dictionary<string, byte[]> entries)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        }
        stream.Position = 0;
        return stream;
    }

    private static void AssertSame(MaskedDiffusionModel expected, MaskedDiffusionModel actual)
    {
        Assert.AreEqual(expected.Config, actual.Config);
        CollectionAssert.AreEqual(expected.Tokenizer.Files.Keys.ToArray(), actual.Tokenizer.Files.Keys.ToArray());
        foreach ((string name, byte[] content) in expected.Tokenizer.Files)
            CollectionAssert.AreEqual(content, actual.Tokenizer.Files[name]);
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in expected.Network.Parameters)
            Assert.IsTrue(TensorMemory.FloatSpan(parameter).SequenceEqual(TensorMemory.FloatSpan(actual.Network.Parameters[name])), name);
    }

    /// <summary>A disk without room.</summary>
    private sealed class FullStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => Room(buffer.Length);

        public override void Write(byte[] buffer, int offset, int count) => Room(count);

        public override void WriteByte(byte value) => Room(1);

        private void Room(int count)
        {
            if (Position + count > 10_000)
                throw new IOException("No space left on device");
            Position += count;
        }
    }
}
