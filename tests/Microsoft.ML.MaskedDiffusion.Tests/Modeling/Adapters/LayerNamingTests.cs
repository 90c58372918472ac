using Microsoft.ML.MaskedDiffusion.Modeling.Adapters;
using Microsoft.ML.MaskedDiffusion.Modeling.Families;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class LayerNamingTests
{
    private static readonly TransformerConfig Config = new()
    { LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 24, VocabularySize = 12, ContextLength = 8 };

    private static readonly TransformerConfig Grouped = Config with { HeadCount = 4, KeyValueHeadCount = 2, TiesEmbeddings = true };

    private static string[] Names(TransformerConfig config, string? family, params string[] targets)
    {
        LayerNaming naming = LayerNaming.Find(config, family is null ? null : ModelFamily.Find(family), targets)!;
        return [.. naming.Select(targets).Select(layer => layer.Name)];
    }

    [TestMethod]
    public void GroupsAndNamesAreThoseOfPeft()
    {
        string[] attention =
            ["transformer.h.0.attn.attn", "transformer.h.0.attn.proj", "transformer.h.1.attn.attn", "transformer.h.1.attn.proj"];
        CollectionAssert.AreEqual(attention, Names(Config, null, "attention"));
        CollectionAssert.AreEqual(attention, Names(Config, null, "attn.attn", "proj"));
        Assert.HasCount(10, Names(Config, null, "all-linear"));
        CollectionAssert.AreEqual(Names(Config, null, "all-linear"), Names(Config, null, "attention", "feed-forward", "w1"));
        CollectionAssert.AreEqual(new[] { "lm_head" }, Names(Config, null, "lm_head"));
        CollectionAssert.AreEqual(new[] { "transformer.h.1.mlp.swiglu.w3" }, Names(Config, null, "transformer.h.1.mlp.swiglu.w3"));
        CollectionAssert.AreEqual(new[] { "model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.q_proj" },
            Names(Grouped, "qwen3", "q_proj"));
        Assert.HasCount(14, Names(Grouped, "a2d-llama", "attention", "feed-forward"));
        // A part of a name is none, nor is a name with that of another naming beside it.
        foreach (string[] strangers in new[] { ["ttn"], ["q_proj", "attn.attn"], new[] { "wte" } })
            Assert.IsNull(LayerNaming.Find(Config, null, strangers), string.Join(' ', strangers));
        // A tied output layer is the embedding.
        Assert.IsNull(LayerNaming.Find(Grouped, ModelFamily.Find("llama"), ["lm_head"]));
    }

    [TestMethod]
    [DataRow("attention")]
    [DataRow("all-linear")]
    [DataRow("lm_head", "w2")]
    [DataRow("transformer.h.1.attn.proj")]
    public void TargetsNameJustTheLayers(params string[] targets)
    {
        LayerNaming naming = LayerNaming.Find(Config, null, targets)!;
        LinearLayer[] layers = naming.Select(targets);
        string[] found = naming.TargetsOf(layers);
        CollectionAssert.AreEqual(layers, naming.Select(found));
        Limit.AtMost(5, found.Length);
    }

    /// <summary>Every row of every matrix but the embeddings is in one layer of a family's naming.</summary>
    [TestMethod]
    public void AFamilysLayersAreTheNetworks()
    {
        foreach (string name in PublishedFolder.Names)
        {
            string folder = Path.Combine(Golden.Folder, "published", name);
            HubFolder published = HubFolder.Open(folder);
            LayerNaming[] namings = [.. LayerNaming.Of(published.Config, published.Family).Take(2)];
            (string, long)[] own = Covered(namings[1]), theirs = Covered(namings[0]);
            CollectionAssert.AreEqual(own, theirs, name);
            Assert.IsGreaterThan(3, own.Length);
        }

        static (string, long)[] Covered(LayerNaming naming) =>
        [
            .. naming.Layers.SelectMany(layer => layer.Rows)
                .SelectMany(rows => Enumerable.Range((int)rows.To, (int)rows.Count).Select(row => (rows.Parameter, (long)row))).Order(),
        ];
    }
}
