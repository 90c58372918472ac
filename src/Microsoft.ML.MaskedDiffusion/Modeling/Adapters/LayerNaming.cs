using Microsoft.ML.MaskedDiffusion.Modeling.Families;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Adapters;

/// <summary>
/// The linear layers of a network by the names of one way to write it down: this library's own, or that of a published family, whose files
/// have some of the network's weights in pieces (queries, keys and values) or joined. Embeddings are none of them, nor is an output layer
/// that is tied to them.
/// </summary>
internal sealed class LayerNaming
{
    /// <summary>The group of the projections of attention.</summary>
    public const string Attention = "attention";

    /// <summary>The group of the feed-forward layers.</summary>
    public const string FeedForward = "feed-forward";

    /// <summary>The group of all linear layers but the output layer.</summary>
    public const string AllLinear = "all-linear";

    private const string WeightSuffix = ".weight";

    private LayerNaming(IReadOnlyList<LinearLayer> layers)
    {
        Layers = layers;
    }

    /// <summary>The layers, in the order of the files.</summary>
    public IReadOnlyList<LinearLayer> Layers { get; }

    /// <summary>
    /// The ways to name a network's layers: first that of the family that it was read from, where it was, then this library's own, then
    /// those of the families that have all of the network's layers.
    /// </summary>
    public static IEnumerable<LayerNaming> Of(TransformerConfig config, ModelFamily? family)
    {
        if (family is not null)
            yield return new LayerNaming(LayersOf(config, family.Tensors(config)));
        yield return new LayerNaming(LayersOf(config, TransformerNetwork.ParameterShapes(config)
            .Select(item => StoredTensor.Whole(item.Name, item.Name, item.Shape))));
        foreach (ModelFamily other in ModelFamily.All)
            yield return new LayerNaming(LayersOf(config, other.Tensors(config)));
    }

    /// <summary>The first naming that knows all of some targets; null where there is none.</summary>
    public static LayerNaming? Find(TransformerConfig config, ModelFamily? family, IReadOnlyList<string> targets) =>
        Of(config, family).FirstOrDefault(naming => targets.All(naming.Knows));

    /// <summary>Whether a target names a layer here: a group, a module's name, or the end of one behind a dot.</summary>
    public bool Knows(string target) => Layers.Any(layer => Matches(layer, target));

    /// <summary>The layers that some targets name, each once.</summary>
    public LinearLayer[] Select(IReadOnlyList<string> targets) =>
        [.. Layers.Where(layer => targets.Any(target => Matches(layer, target)))];

    /// <summary>The layer of a module's whole name; null where there is none.</summary>
    public LinearLayer? FindByName(string name) => Layers.FirstOrDefault(layer => layer.Name == name);

    /// <summary>
    /// Targets that name just these layers: the ends of the names behind the blocks' numbers, or whole names where such an end would name
    /// other layers too.
    /// </summary>
    public string[] TargetsOf(IReadOnlyList<LinearLayer> layers)
    {
        HashSet<string> chosen = [.. layers.Select(layer => layer.Name)];
        string[] ends = [.. layers.Select(layer => EndOf(layer.Name)).Distinct()];
        bool isExact = Layers.All(layer => chosen.Contains(layer.Name) || !ends.Any(end => Matches(layer, end)));
        return isExact ? ends : [.. chosen];
    }

    private static bool Matches(LinearLayer layer, string target) => target switch
    {
        Attention => layer.IsAttention,
        FeedForward => layer.IsFeedForward,
        AllLinear => !layer.IsOutput,
        _ => layer.Name == target || layer.Name.EndsWith("." + target, StringComparison.Ordinal),
    };

    private static string EndOf(string name)
    {
        string[] parts = name.Split('.');
        int number = Array.FindIndex(parts, part => int.TryParse(part, out _));
        return string.Join('.', parts[(number + 1)..]);
    }

    // A family's layout may be another network's: then some of its weights are not where it looks for them.
    private static List<LinearLayer> LayersOf(TransformerConfig config, IEnumerable<StoredTensor> tensors)
    {
        Dictionary<string, long[]> shapes = TransformerNetwork.ParameterShapes(config).ToDictionary(item => item.Name, item => item.Shape);
        bool IsThere(StoredRows rows, long inputs) => rows.Parameter != TransformerNetwork.EmbeddingName
            && shapes.TryGetValue(rows.Parameter, out long[]? shape) && shape.Length == 2 && shape[1] == inputs
            && rows.To + rows.Count <= shape[0];
        return
        [
            .. tensors.Where(tensor => !tensor.IsCopy && tensor.Shape.Length == 2
                    && tensor.Name.EndsWith(WeightSuffix, StringComparison.Ordinal)
                    && tensor.Rows.Sum(rows => rows.Count) == tensor.Shape[0]
                    && tensor.Rows.All(rows => IsThere(rows, tensor.Shape[1])))
                .Select(tensor => new LinearLayer(tensor.Name[..^WeightSuffix.Length], tensor.Shape[0], tensor.Shape[1], tensor.Rows)),
        ];
    }
}
