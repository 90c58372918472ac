using System.Buffers.Binary;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class SafetensorsTests
{
    [TestMethod]
    public void EveryTypeComesBackAsItWasWritten()
    {
        using var scope = NewDisposeScope();
        float[] values = [0, -0f, 1, -1.5f, 3.140625f, 65504, 1e-3f, float.MaxValue];
        Tensor singles = tensor(values, [2, 4]), brains = singles.to(ScalarType.BFloat16),
            halves = tensor(values[..7]).to(ScalarType.Float16);
        Tensor integers = tensor(new long[] { long.MinValue, -1, 0, long.MaxValue });
        byte[] file = Write(
            ("a", singles), ("b", brains), ("c", halves), ("d", integers), ("empty", zeros(0, 3)), ("scalar", tensor(2.5f)),
            ("turned", singles.transpose(0, 1)));
        using SafetensorsReader reader = Read(file);
        CollectionAssert.AreEqual(values, reader.ReadSingles("a"));
        CollectionAssert.AreEqual(brains.to(ScalarType.Float32).data<float>().ToArray(), reader.ReadSingles("b"));
        CollectionAssert.AreEqual(halves.to(ScalarType.Float32).data<float>().ToArray(), reader.ReadSingles("c"));
        CollectionAssert.AreEqual(new[] { long.MinValue, -1, 0, long.MaxValue }, reader.ReadIntegers("d"));
        Assert.AreEqual(0, reader.ReadSingles("empty").Length);
        CollectionAssert.AreEqual(new[] { 2.5f }, reader.ReadSingles("scalar"));
        CollectionAssert.AreEqual(new long[] { 4, 2 }, reader.Find("turned").Shape);
        Assert.AreEqual(3.140625f, reader.ReadSingles("turned")[1]); // [0][1] of the transpose is [1][0]
        Assert.AreEqual("[2, 4]", reader.Find("b").ShapeText);
        Assert.AreEqual("yes", SafetensorsHeaderText.Metadata(file, "made here"));
    }

    [TestMethod]
    public void TheDataIsAlignedAndLittleEndian()
    {
        using var scope = NewDisposeScope();
        byte[] file = Write(("x", tensor(new[] { 1f })));
        long header = BinaryPrimitives.ReadInt64LittleEndian(file);
        Assert.AreEqual(0, header % 8);
        CollectionAssert.AreEqual(new byte[] { 0, 0, 0x80, 0x3F }, file[(int)(8 + header)..]);
    }

    [TestMethod]
    [DataRow(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""",
        16, "twice")]
    [DataRow(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""",
        12, "inside the data of another")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "belong to no tensor")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "need 8 bytes of data, but the file has 9")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "need 8 bytes of data, but the file has 7")]
    [DataRow("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs 12 bytes")]
    [DataRow("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}""", 8, "more elements")]
    [DataRow(
        """{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,9223372036854775807],"data_offsets":[0,8]}}""",
        8, "more elements")]
    [DataRow("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "not lists of sizes")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, "not lists of sizes")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "not lists of sizes")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]}}""", 8, "not lists of sizes")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", 8, "not lists of sizes")]
    [DataRow("""{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}""", 2, "F8_E4M3")]
    [DataRow("""{"a":{"dtype":"3","shape":[2],"data_offsets":[0,8]}}""", 8, "type")]
    [DataRow("""{"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}}""", 8, "type")]
    [DataRow("""{"a":{"shape":[2],"data_offsets":[0,8]}}""", 8, "exactly dtype, shape and data_offsets")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}""", 8, "exactly dtype, shape and data_offsets")]
    [DataRow("""{"a":7}""", 0, "exactly dtype, shape and data_offsets")]
    [DataRow("""{"__metadata__":[]}""", 0, "__metadata__")]
    [DataRow("""{"__metadata__":{"k":1}}""", 0, "not a text")]
    [DataRow("""[1]""", 0, "not an object")]
    [DataRow("""{"a":""", 0, "not JSON")]
    [DataRow("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "")]
    public void AHostileHeaderIsRefusedWithItsFault(string header, int dataBytes, string fault)
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Read(File(header, dataBytes)).Dispose());
        StringAssert.Contains(error.Message, "test.safetensors");
        StringAssert.Contains(error.Message, fault);
    }

    [TestMethod]
    public void HeaderLengthsThatDoNotFitAreRefusedWithoutTakingMemory()
    {
        foreach (ulong length in new ulong[] { 0, 1, 50, 100_000_001, long.MaxValue, ulong.MaxValue })
        {
            byte[] file = File("{}", 0);
            BinaryPrimitives.WriteUInt64LittleEndian(file, length);
            Assert.ThrowsExactly<InvalidDataException>(() => Read(file).Dispose());
        }
        Assert.ThrowsExactly<InvalidDataException>(() => Read([1, 2, 3]).Dispose());
    }

    [TestMethod]
    public void AllFaultsAreToldAtOnce()
    {
        using var scope = NewDisposeScope();
        using var network = new TransformerNetwork(TransformerNetworkTests.Small, CPU);
        var tensors = network.Parameters.ToDictionary(p => p.Key, p => (Tensor)p.Value);
        tensors.Remove("lm_head.weight");
        tensors["transformer.ln_f.weight"] = zeros(23);
        tensors["transformer.h.0.norm_1.weight"] = zeros(24, ScalarType.Int64);
        tensors["stranger"] = zeros(1);
        string message = Assert.ThrowsExactly<InvalidDataException>(
            () => Load(Write([.. tensors.Select(t => (t.Key, t.Value))]), network)).Message;
        foreach (string part in new[] { "\"lm_head.weight\" is missing", "\"transformer.ln_f.weight\" has shape [23], expected is [24]",
            "norm_1.weight\" is of type I64", "\"stranger\" is not expected" })
            StringAssert.Contains(message, part);
    }

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    public void WeightsThatAreNoNumbersAreRefusedByName(float value)
    {
        using var scope = NewDisposeScope();
        using TransformerNetwork network = TransformerNetworkTests.Sharp(TransformerNetworkTests.Small, ScalarType.Float32), target = new(
            TransformerNetworkTests.Small, CPU);
        TensorMemory.FloatSpan(network.Parameters["transformer.h.1.attn.proj.weight"])[77] = value;
        byte[] file = Write([.. network.Parameters.Select(p => (p.Key, (Tensor)p.Value))]);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => Load(file, target)).Message, "transformer.h.1.attn.proj.weight");
    }

    [TestMethod]
    public void AnyCutAndAnyFlippedBitOfTheHeaderIsRefusedOrChangesNothing()
    {
        using var scope = NewDisposeScope();
        using TransformerNetwork network = TransformerNetworkTests.Sharp(TransformerNetworkTests.Small, ScalarType.Float32), target = new(
            TransformerNetworkTests.Small, CPU);
        byte[] file = Write([.. network.Parameters.Select(p => (p.Key, (Tensor)p.Value))]);
        int header = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        var random = new CounterRandom(1, 1, RandomPurpose.Example);
        for (int i = 0; i < 200; i++)
        {
            int length = i < 60 ? random.NextInt32(header + 100) : random.NextInt32(file.Length);
            Assert.ThrowsExactly<InvalidDataException>(() => Load(file[..length], target));
        }
        int survived = 0;
        for (int i = 0; i < 1500; i++)
        {
            byte[] altered = [.. file];
            int flips = 1 + random.NextInt32(3);
            for (int f = 0; f < flips; f++)
                altered[random.NextInt32(header)] ^= (byte)(1 << random.NextInt32(8));
            // What an earlier file has left in it would hide what this one leaves out.
            foreach (TorchSharp.Modules.Parameter parameter in target.Parameters.Values)
                TensorMemory.FloatSpan(parameter).Clear();
            try
            {
                Load(altered, target);
            }
            catch (InvalidDataException)
            {
                continue;
            }
            survived++;
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in network.Parameters)
                Assert.IsTrue(TensorMemory.FloatSpan(parameter).SequenceEqual(
                    TensorMemory.FloatSpan(target.Parameters[name])), $"{name} differs after {flips} flips that were not seen");
        }
        Limit.Below(300, survived); // white space and metadata only
    }

    [TestMethod]
    public void ShardsLoadThroughTheirIndexAndAWrongIndexIsRefused()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using TransformerNetwork network = TransformerNetworkTests.Sharp(TransformerNetworkTests.Small, ScalarType.Float32), target = new(
            TransformerNetworkTests.Small, CPU);
        (string Key, Tensor)[] all = [.. network.Parameters.Select(p => (p.Key, (Tensor)p.Value))];
        System.IO.File.WriteAllBytes(folder.File("one.safetensors"), Write(all[..5]));
        System.IO.File.WriteAllBytes(folder.File("two.safetensors"), Write(all[5..]));
        string Index(Func<int, string> file) =>
            "{\"weight_map\":{" + string.Join(",", all.Select((t, i) => $"\"{t.Key}\":\"{file(i)}\"")) + "}}";
        string path = folder.File("model.safetensors.index.json");
        System.IO.File.WriteAllText(path, Index(i => i < 5 ? "one.safetensors" : "two.safetensors"));
        StoredWeights.Load(path, target);
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in network.Parameters)
            Assert.IsTrue(TensorMemory.FloatSpan(parameter).SequenceEqual(TensorMemory.FloatSpan(target.Parameters[name])));

        foreach ((string content, string fault) in new[]
        {
            (Index(i => i < 4 ? "one.safetensors" : "two.safetensors"), "is not in two.safetensors"),
            (Index(_ => "../two.safetensors"), "not a plain file name"),
            ("{\"weight_map\":{}}", "names no tensors"),
            ("{}", "weight_map"),
            ("[", "weight_map"),
        })
        {
            System.IO.File.WriteAllText(path, content);
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => StoredWeights.Load(path, target)).Message, fault);
        }
        // Names that no file system takes are files that are not there.
        foreach (string missing in new[] { "three.safetensors", new string('x', 300), "\\u0000" })
        {
            System.IO.File.WriteAllText(path, Index(_ => missing));
            string message = Assert.ThrowsExactly<FileNotFoundException>(() => StoredWeights.Load(path, target)).Message;
            StringAssert.Contains(message, path);
            StringAssert.Contains(message, "is not beside it");
        }
    }

    private static byte[] Write(params (string Name, Tensor Value)[] tensors)
    {
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(
            stream, tensors.Select(t => KeyValuePair.Create(t.Name, t.Value)), new Dictionary<string, string> { ["made here"] = "yes" });
        return stream.ToArray();
    }

    private static SafetensorsReader Read(byte[] file) => new(new MemoryStream(file), "test.safetensors", file.Length);

    private static void Load(byte[] file, TransformerNetwork network)
    {
        using SafetensorsReader reader = Read(file);
        WeightFiles.Load([reader], network, "test.safetensors");
    }

    private static byte[] File(string header, int dataBytes)
    {
        byte[] json = Encoding.UTF8.GetBytes(header), file = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);
        return file;
    }
}
