using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Adapters;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Models whose matrices are held in 8 bits: what they compute, what is saved of them and what they refuse.</summary>
[TestClass]
public sealed class Int8ModelTests
{
    private static IEnumerable<object[]> Published => PublishedFolder.Names.Select(name => new object[] { name });

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
        WeightTypeTests.AssertSameResults(wide, narrow);

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
            WeightTypeTests.AssertSameResults(wide, again);
            // What the integers stand for are 32-bit floats, which lose nothing.
            using MaskedDiffusionModel widened = ml.MaskedDiffusion().OpenModel(other.File(form), weightType: WeightType.Float32);
            Assert.AreEqual(WeightType.Float32, widened.WeightType, form);
            WeightTypeTests.AssertSameResults(wide, widened);
            using MaskedDiffusionModel rounded = ml.MaskedDiffusion().OpenModel(other.File(form), weightType: WeightType.BFloat16);
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
        AssertFault(tensors, "is of type I8, expected is F32, BF16, F16 or F64");
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
        WeightTypeTests.AssertSameResults(narrow, copy);
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
            tensors[Head][3, 5].Increase(change);
            using (FileStream stream = File.Create(path))
                SafetensorsWriter.WriteModel(stream, tensors);
            if (change == 0)
                folder.Load(WeightType.Int8).Dispose();
            else
                StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => folder.Load(WeightType.Int8)).Message, Head);
        }
    }
}
