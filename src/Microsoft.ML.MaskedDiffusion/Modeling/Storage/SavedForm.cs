using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>Tells the forms in which something is saved from each other, without reading more than the names in an archive.</summary>
internal static class SavedForm
{
    /// <summary>Whether a model alone is there: a folder, or an archive with a manifest.</summary>
    public static bool IsModel(string path) => Directory.Exists(path) || Holds(path, name => name == ModelManifest.Name);

    /// <summary>Whether the zip of a pipeline is there, as ML.NET saves it.</summary>
    public static bool IsPipeline(string path) => Holds(path, IsOfPipeline);

    /// <summary>
    /// Whether an entry of this name proves that an archive is a pipeline: each of its parts has one. Windows writes other separators.
    /// </summary>
    public static bool IsOfPipeline(string name) => name.Replace('\\', '/') is var path
        && (path is "Model.key" or "TrainingInfo/Version.txt" || path.EndsWith("/Model.key", StringComparison.Ordinal));

    private static bool Holds(string path, Func<string, bool> proves) =>
        File.Exists(path) && ZipContent.Names(path)?.Any(proves) == true;
}
