using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Folders as models are published: loading, saving in either form, and what is refused.</summary>
[TestClass]
public sealed class HubFolderTests
{
    [TestMethod]
    [DataRow("dream", "model.layers.1.self_attn.")]
    [DataRow("a2d-qwen3", "model.layers.2.self_attn.")]
    [DataRow("a2d-llama", "model.layers.0.self_attn.")]
    public void HeadsOfAGroupStandWithTheirKeyAndValue(string name, string prefix)
    {
        using var folder = new PublishedFolder(name);
        using MaskedDiffusionModel model = folder.Load();
        using SafetensorsReader file = SafetensorsReader.Open(Path.Combine(folder.Path, "model.safetensors"));
        int layer = prefix["model.layers.".Length] - '0', size = model.Config.HeadSize, width = model.Config.EmbeddingSize;
        float[] fused = Numbers(model.Network.Parameters[TransformerNetwork.LayerPrefix(layer) + "attn.attn.weight"]);
        float[] q = file.ReadSingles(prefix + "q_proj.weight"), k = file.ReadSingles(prefix + "k_proj.weight");
        float[] v = file.ReadSingles(prefix + "v_proj.weight");
        // Four heads in two groups: two queries, key, value, two queries, key, value.
        (float[] From, int Head)[] order = [(q, 0), (q, 1), (k, 0), (v, 0), (q, 2), (q, 3), (k, 1), (v, 1)];
        Assert.AreEqual(order.Length * size * width, fused.Length);
        for (int block = 0; block < order.Length; block++)
        {
            CollectionAssert.AreEqual(
                order[block].From[(order[block].Head * size * width)..((order[block].Head + 1) * size * width)],
                fused[(block * size * width)..((block + 1) * size * width)], $"block {block}");
        }
    }

    [TestMethod]
    public void ModernBertsJointMatricesComeApart()
    {
        using var folder = new PublishedFolder("modernbert");
        using MaskedDiffusionModel model = folder.Load();
        using SafetensorsReader file = SafetensorsReader.Open(Path.Combine(folder.Path, "model.safetensors"));
        int half = model.Config.FeedForwardSize * model.Config.EmbeddingSize;
        float[] both = file.ReadSingles("model.layers.1.mlp.Wi.weight");
        CollectionAssert.AreEqual(both[..half], Numbers(model.Network.Parameters["transformer.h.1.mlp.swiglu.w1.weight"]));
        CollectionAssert.AreEqual(both[half..], Numbers(model.Network.Parameters["transformer.h.1.mlp.swiglu.w2.weight"]));
        float[] joint = file.ReadSingles("model.layers.1.attn.Wqkv.weight");
        float[] fused = Numbers(model.Network.Parameters["transformer.h.1.attn.attn.weight"]);
        int block = model.Config.HeadSize * model.Config.EmbeddingSize, part = joint.Length / 3;
        for (int head = 0; head < model.Config.HeadCount; head++)
        {
            for (int i = 0; i < 3; i++)
            {
                int from = i * part + head * block, to = (3 * head + i) * block;
                CollectionAssert.AreEqual(joint[from..(from + block)], fused[to..(to + block)], $"head {head}, part {i}");
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Published))]
    public void AModelIsTheSameInEitherForm(string name)
    {
        using var folder = new PublishedFolder(name);
        using var other = new TemporaryFolder();
        using MaskedDiffusionModel model = folder.Load();
        Assert.AreEqual(PublishedFolder.MaskIdOf(name), model.Config.MaskTokenId);
        model.Save(other.File("own.mdm"));
        using MaskedDiffusionModel own = MaskedDiffusionModel.Load(other.File("own.mdm"), "cpu");
        AssertSame(model, own);
        string type = name == "dream" ? "Dream" : name;
        own.SavePublished(other.File("again"), type);
        using MaskedDiffusionModel again = MaskedDiffusionModel.Load(other.File("again"), "cpu");
        AssertSame(model, again);
        CollectionAssert.AreEqual(model.Tokenizer.Files.Keys.ToArray(), again.Tokenizer.Files.Keys.ToArray());
    }

    [TestMethod]
    public void ANetworkIsWrittenOnlyInTheFormOfAFamilyThatHasIt()
    {
        using var folder = new PublishedFolder("a2d-qwen3");
        using var other = new TemporaryFolder();
        using MaskedDiffusionModel model = folder.Load();
        NotSupportedException error = Assert.ThrowsExactly<NotSupportedException>(() => model.SavePublished(other.File("x"), "a2d-llama"));
        Assert.Contains("HasQueryKeyNorm is True, not False", error.Message);
        Assert.IsFalse(Directory.Exists(other.File("x")));
        Assert.ThrowsExactly<ArgumentException>(() => model.SavePublished(other.File("x"), "gpt2"));
        Directory.CreateDirectory(other.File("mine"));
        File.WriteAllText(Path.Combine(other.File("mine"), "notes.txt"), "keep");
        Assert.ThrowsExactly<IOException>(() => model.SavePublished(other.File("mine"), "a2d-qwen3"));
        CollectionAssert.AreEqual(new[] { "notes.txt" }, Directory.GetFiles(other.File("mine")).Select(Path.GetFileName).ToArray());
    }

    /// <summary>Other programs take no rows of the embedding beyond the vocabulary, and neither does the reader here.</summary>
    [TestMethod]
    public void AMaskTokenBehindTheVocabularyIsNotWritten()
    {
        using var other = new TemporaryFolder();
        using MaskedDiffusionModel model = TinyModel.Create();
        Assert.AreEqual(model.Config.VocabularySize, model.Config.MaskTokenId);
        NotSupportedException error = Assert.ThrowsExactly<NotSupportedException>(() => model.SavePublished(other.File("x"), "a2d-llama"));
        Assert.Contains("its mask token", error.Message);
        Assert.IsFalse(Directory.Exists(other.File("x")));
    }

    [TestMethod]
    public void TextThatSpellsTheMaskTokenIsText()
    {
        using var folder = new PublishedFolder("llada");
        using MaskedDiffusionModel model = folder.Load();
        int[] ids = model.Tokenizer.Encode($"w1 {PublishedFolder.MaskToken} w2");
        Assert.IsFalse(ids.Contains(model.Config.MaskTokenId));
        // The tokenizer by itself has it as a token.
        Assert.IsTrue(TextTokenizer.FromFile(folder.Path).Encode(PublishedFolder.MaskToken).Contains(model.Config.MaskTokenId));
    }

    [TestMethod]
    public void AMaskTokenThatNobodyNamesIsAskedFor()
    {
        using var folder = new PublishedFolder("a2d-qwen2");
        folder.Edit("tokenizer_config.json", json => json.Remove("mask_token"));
        string message = Assert.ThrowsExactly<InvalidDataException>(() => folder.Load()).Message;
        Assert.Contains("mask_token_id", message);
        folder.Edit("config.json", json => json["mask_token_id"] = 117);
        using MaskedDiffusionModel model = folder.Load();
        Assert.AreEqual(117, model.Config.MaskTokenId);
    }

    [TestMethod]
    [DataRow("special_tokens_map.json", "piece")]
    [DataRow("special_tokens_map.json", "added_tokens.json")]
    [DataRow("tokenizer_config.json", "tokenizer_config.json")]
    public void AMaskTokenMayBeNamedBesideASentencePieceModel(string named, string given)
    {
        using var folder = new PublishedFolder("a2d-llama");
        string PathOf(string file) => Path.Combine(folder.Path, file);
        File.Delete(PathOf("tokenizer.json"));
        var pieces = new SentencePieceModelBuilder();
        while (pieces.Count < 117)
            pieces.With($"w{pieces.Count}", -pieces.Count);
        if (given == "piece")
            pieces.With(PublishedFolder.MaskToken, 0, SentencePieceModelBuilder.Control);
        File.WriteAllBytes(PathOf("tokenizer.model"), pieces.Build());
        File.WriteAllText(PathOf("tokenizer_config.json"), "{}");
        File.WriteAllText(PathOf("special_tokens_map.json"), "{}");
        folder.Edit(named, json => json["mask_token"] = PublishedFolder.MaskToken);
        void Give(int id)
        {
            if (given == "added_tokens.json")
                File.WriteAllText(PathOf(given), $$"""{"{{PublishedFolder.MaskToken}}": {{id}}}""");
            else if (given != "piece")
                folder.Edit(given, json => json["added_tokens_decoder"] = new JsonObject { [$"{id}"] = PublishedFolder.MaskToken });
        }

        Give(117);
        using MaskedDiffusionModel model = folder.Load();
        Assert.AreEqual(117, model.Config.MaskTokenId);
        if (given == "piece")
            return;
        Give(500);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => folder.Load()).Message, "the mask token has the id 500");
        File.WriteAllText(PathOf("added_tokens.json"), "{}");
        File.WriteAllText(PathOf("tokenizer_config.json"), "{}");
        File.WriteAllText(PathOf("special_tokens_map.json"), $$"""{"mask_token": "{{PublishedFolder.MaskToken}}"}""");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => folder.Load()).Message,
            $"mask_token is '{PublishedFolder.MaskToken}', which is not in the tokenizer's vocabulary");
    }

    [TestMethod]
    public void AHeadBesideATiedTableMustBeThatTable()
    {
        using var folder = new PublishedFolder("a2d-qwen2");
        string path = Path.Combine(folder.Path, "model.safetensors");
        Rewrite(path, tensors => tensors["lm_head.weight"][3, 5].Increase(1));
        string message = Assert.ThrowsExactly<InvalidDataException>(() => folder.Load()).Message;
        Assert.Contains("lm_head.weight", message);
        Rewrite(path, tensors => tensors.Remove("lm_head.weight"));
        folder.Load().Dispose();
    }

    [TestMethod]
    public void TensorsThatAreMissingOrTooManyAreListed()
    {
        using var folder = new PublishedFolder("dream");
        Rewrite(Path.Combine(folder.Path, "model.safetensors"), tensors =>
        {
            tensors["model.extra.weight"] = zeros(2);
            tensors.Remove("model.layers.1.self_attn.k_proj.bias");
            tensors["model.norm.weight"] = zeros(63);
        });
        string message = Assert.ThrowsExactly<InvalidDataException>(() => folder.Load()).Message;
        Assert.Contains("\"model.extra.weight\" is not expected", message);
        Assert.Contains("\"model.layers.1.self_attn.k_proj.bias\" is missing", message);
        Assert.Contains("\"model.norm.weight\" has shape [63], expected is [64]", message);
    }

    [TestMethod]
    public void WeightsThatAreNotThereAreAskedFor()
    {
        using var folder = new PublishedFolder("dream");
        File.Delete(Path.Combine(folder.Path, "model.safetensors"));
        Assert.Contains("model.safetensors", Assert.ThrowsExactly<FileNotFoundException>(() => folder.Load()).Message);
        using var sharded = new PublishedFolder("llada");
        File.Delete(Path.Combine(sharded.Path, "model-00002-of-00002.safetensors"));
        Assert.Contains("model-00002", Assert.ThrowsExactly<FileNotFoundException>(() => sharded.Load()).Message);
    }

    private static IEnumerable<object[]> Published => PublishedFolder.Names.Select(name => new object[] { name });

    private static void AssertSame(MaskedDiffusionModel expected, MaskedDiffusionModel actual)
    {
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in expected.Network.Parameters)
            CollectionAssert.AreEqual(Numbers(parameter), Numbers(actual.Network.Parameters[name]), name);
        Assert.HasCount(expected.Network.Parameters.Count, actual.Network.Parameters);
        Assert.AreEqual(expected.Config.MaskTokenId, actual.Config.MaskTokenId);
        Assert.AreEqual(expected.Config.ParameterCount, actual.Config.ParameterCount);
        CollectionAssert.AreEqual(expected.Tokenizer.Encode("w5 w7"), actual.Tokenizer.Encode("w5 w7"));
    }

    private static float[] Numbers(Tensor tensor)
    {
        using Tensor dense = tensor.detach().to(ScalarType.Float32).contiguous();
        return dense.data<float>().ToArray();
    }

    private static void Rewrite(string path, Action<Dictionary<string, Tensor>> change)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = [];
        using (SafetensorsReader file = SafetensorsReader.Open(path))
        {
            foreach (SafetensorsEntry entry in file.Entries)
                tensors[entry.Name] = tensor(file.ReadSingles(entry.Name), [.. entry.Shape]);
        }
        change(tensors);
        using FileStream stream = File.Create(path);
        SafetensorsWriter.Write(stream, tensors);
    }
}
