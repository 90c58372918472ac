namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>The rotary tables of a network's blocks: one of those that see all positions, and one of those that see near ones.</summary>
internal sealed class RotaryTables(TransformerConfig config)
{
    private readonly RotaryTable _global = RotaryTable.Of(config);
    private readonly RotaryTable? _local =
        Enumerable.Range(0, config.LayerCount).Any(config.IsLocal) ? RotaryTable.Of(config, isLocal: true) : null;

    /// <summary>A block's table; blocks of one kind share it.</summary>
    public RotaryTable Of(int layer) => config.IsLocal(layer) ? _local! : _global;
}
