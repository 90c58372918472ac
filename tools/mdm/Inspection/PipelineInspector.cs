using Mdm.Data;
using Mdm.Output;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Inspection;

/// <summary>Knows pipelines that ML.NET or this library saved. They are loaded.</summary>
internal sealed class PipelineInspector : Inspector
{
    private const int HashDigits = 12;

    /// <inheritdoc/>
    public override string Kind => "pipeline";

    /// <inheritdoc/>
    public override bool Knows(string path) => File.Exists(path) && StoredFiles.Open(path) is not null;

    /// <inheritdoc/>
    public override IEnumerable<Field> Read(string path, ToolContext context)
    {
        ITransformer loaded = context.Catalog.LoadModel(path, out DataViewSchema schema);
        ITransformer[] outer = loaded is IEnumerable<ITransformer> chain ? [.. chain] : [loaded];
        ITransformer[] steps = [.. Steps(loaded)];
        MaskedDiffusionModel model = steps.OfType<ModelTransformer>().FirstOrDefault()?.Model
            ?? throw new InvalidDataException($"{path} is a pipeline without a model of this library.");
        Field[] fields =
        [
            new("kind", "pipeline of ML.NET"),
            new("transformers", outer.Select(step => step.GetType().Name).ToArray()),
            new("input columns", (schema ?? Enumerable.Empty<DataViewSchema.Column>()).Select(column => $"{column.Name}: {column.Type}")
                .ToArray()),
            .. ModelInspector.OfConfig(model.Config),
            .. ModelInspector.OfTokenizer(model.Tokenizer),
            new("size", FileSize.Of(path), "bytes"),
            new("weights beside it", WeightsBeside(path)),
        ];
        foreach (IDisposable step in steps.OfType<IDisposable>())
            step.Dispose();
        return fields;
    }

    // The steps of chains in chains too.
    private static IEnumerable<ITransformer> Steps(ITransformer transformer) =>
        transformer is IEnumerable<ITransformer> chain ? chain.SelectMany(Steps) : [transformer];

    // The library names weights beside a zip by twelve digits of their hash; other models may have names that begin as the zip's does.
    private static string[] WeightsBeside(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!, start = Path.GetFileNameWithoutExtension(path) + "-";
        return [.. Directory.GetFiles(folder, start + "*.mdm").Select(file => Path.GetFileName(file)).Where(IsOfWeights)];

        bool IsOfWeights(string name)
        {
            ReadOnlySpan<char> digits = Path.GetFileNameWithoutExtension(name.AsSpan())[start.Length..];
            return digits.Length == HashDigits && !digits.ContainsAnyExcept("0123456789abcdef");
        }
    }
}
