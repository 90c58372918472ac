using Mdm.Output;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Inspection;

/// <summary>Knows pipelines that ML.NET or this library saved. They are loaded.</summary>
internal sealed class PipelineInspector : Inspector
{
    /// <inheritdoc/>
    public override string Kind => "pipeline";

    /// <inheritdoc/>
    public override bool Knows(string path) => File.Exists(path) && StoredFiles.Open(path) is not null;

    /// <inheritdoc/>
    public override IEnumerable<Field> Read(string path, ToolContext context)
    {
        ITransformer loaded = context.Catalog.LoadModel(path, out DataViewSchema schema);
        ITransformer[] steps = loaded is IEnumerable<ITransformer> chain ? [.. chain] : [loaded];
        using MaskedDiffusionModel model = context.Catalog.OpenModel(path);
        Field[] fields =
        [
            new("kind", "pipeline of ML.NET"),
            new("transformers", steps.Select(step => step.GetType().Name).ToArray()),
            new("input columns", (schema ?? Enumerable.Empty<DataViewSchema.Column>()).Select(column => $"{column.Name}: {column.Type}")
                .ToArray()),
            .. ModelInspector.OfConfig(model.Config),
            .. ModelInspector.OfTokenizer(model.Tokenizer),
            new("size", new FileInfo(path).Length, "bytes"),
            new("weights beside it", Directory.GetFiles(Path.GetDirectoryName(Path.GetFullPath(path))!,
                Path.GetFileNameWithoutExtension(path) + "-*.mdm").Select(Path.GetFileName).ToArray()),
        ];
        foreach (IDisposable step in steps.OfType<IDisposable>())
            step.Dispose();
        return fields;
    }
}
