using Mdm.Data;
using Mdm.Output;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Inspection;

/// <summary>Knows adapters by themselves: folders with PEFT's two files.</summary>
internal sealed class AdapterInspector : Inspector
{
    /// <inheritdoc/>
    public override string Kind => "adapter";

    /// <inheritdoc/>
    public override bool Knows(string path) => AdapterFolder.IsOne(path);

    /// <inheritdoc/>
    public override IEnumerable<Field> Read(string path, ToolContext context)
    {
        LoraAdapter adapter = LoraAdapter.Load(path);
        StoredFiles files = StoredFiles.Open(path)!;
        return
        [
            new("kind", "adapter"),
            .. OfAdapter(adapter),
            new("adapted layers", adapter.LayerNames.ToArray()),
            new("files", files.Sizes),
            new("size", files.Sizes.Values.Sum(), "bytes"),
        ];
    }

    /// <summary>What is known of an adapter.</summary>
    public static IEnumerable<Field> OfAdapter(LoraAdapter adapter) =>
    [
        new("adapter rank", adapter.Rank),
        new("adapter alpha", adapter.Alpha),
        new("adapter targets", adapter.Targets.ToArray()),
        new("adapter parameters", adapter.ParameterCount),
    ];
}
