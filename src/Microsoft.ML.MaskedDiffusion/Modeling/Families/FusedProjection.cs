using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Families;

/// <summary>
/// Where the rows of separate projections to queries, keys and values stand in the network's fused one, which has them group by group: the
/// queries of the heads that share a key, the key, the value.
/// </summary>
/// <param name="config">The network.</param>
/// <param name="parameter">The fused weight or bias.</param>
internal readonly struct FusedProjection(TransformerConfig config, string parameter)
{
    /// <summary>The tensors of files that have the three projections apart, with their biases where there are any.</summary>
    /// <param name="config">The network.</param>
    /// <param name="layer">The block.</param>
    /// <param name="prefix">What stands before q_proj, k_proj and v_proj in the tensors' names.</param>
    public static IEnumerable<StoredTensor> Apart(TransformerConfig config, int layer, string prefix)
    {
        string own = TransformerNetwork.LayerPrefix(layer) + "attn.attn.";
        return config.HasAttentionBias ? [.. Of("weight", config.EmbeddingSize), .. Of("bias")] : Of("weight", config.EmbeddingSize);

        IEnumerable<StoredTensor> Of(string kind, params long[] rest)
        {
            var fused = new FusedProjection(config, own + kind);
            long queries = config.QuerySize, keys = (long)config.KeyValueHeadCount * config.HeadSize;
            yield return new StoredTensor($"{prefix}q_proj.{kind}", [queries, .. rest], [.. fused.Queries()]);
            yield return new StoredTensor($"{prefix}k_proj.{kind}", [keys, .. rest], [.. fused.Keys()]);
            yield return new StoredTensor($"{prefix}v_proj.{kind}", [keys, .. rest], [.. fused.Values()]);
        }
    }

    /// <summary>The queries' rows, head by head, of a tensor in which they begin at <paramref name="start"/>.</summary>
    public IEnumerable<StoredRows> Queries(long start = 0)
    {
        int shared = config.HeadCount / config.KeyValueHeadCount;
        for (int head = 0; head < config.HeadCount; head++)
            yield return Rows(start, head, head / shared, head % shared);
    }

    /// <summary>The keys' rows, head by head.</summary>
    public IEnumerable<StoredRows> Keys(long start = 0) => Shared(start, config.HeadCount / config.KeyValueHeadCount);

    /// <summary>The values' rows, head by head.</summary>
    public IEnumerable<StoredRows> Values(long start = 0) => Shared(start, config.HeadCount / config.KeyValueHeadCount + 1);

    private IEnumerable<StoredRows> Shared(long start, int place)
    {
        for (int group = 0; group < config.KeyValueHeadCount; group++)
            yield return Rows(start, group, group, place);
    }

    private StoredRows Rows(long start, int stored, int group, int place)
    {
        long size = config.HeadSize, groupSize = config.HeadCount / config.KeyValueHeadCount + 2;
        return new StoredRows(parameter, start + stored * size, (group * groupSize + place) * size, size);
    }
}
