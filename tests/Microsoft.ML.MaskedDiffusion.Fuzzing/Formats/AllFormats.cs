namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>The formats by their names.</summary>
internal static class AllFormats
{
    public static IReadOnlyList<string> Names { get; } = [.. Make().Select(format => format.Name)];

    public static FuzzFormat Find(string name) => Make().FirstOrDefault(format => format.Name == name)
        ?? throw new ArgumentException($"There is no format '{name}'. There are {string.Join(", ", Names)}.");

    private static FuzzFormat[] Make() =>
    [
        new PipelineFormat(), new ModelFormat(), new PublishedFormat(), new SafetensorsFormat(), new TokenizerFormat(),
        new CheckpointFormat(), new TokenFolderFormat(), new PackedFormat(), new TaskFormat(), new BatchInputFormat(),
        new TextFormat(), new SearchFormat(),
    ];
}
