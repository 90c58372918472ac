using Mdm.Settings;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>Models in files and folders, opened in any form.</summary>
internal static class ModelPlace
{
    /// <summary>What a path of a model may be, for help texts.</summary>
    public const string Forms = "a folder, a .mdm file, or the .zip of a pipeline";

    /// <summary>Opens the model of a command.</summary>
    /// <exception cref="UsageException">None is named.</exception>
    public static MaskedDiffusionModel Open(ModelSettings settings, ToolContext context) =>
        Open(settings.Model, settings.Device, context, settings.Weights);

    /// <summary>Opens a model, whose matrices are held in some type.</summary>
    /// <exception cref="UsageException">None is named.</exception>
    public static MaskedDiffusionModel Open(
        string? path, string device, ToolContext context, WeightType weightType = WeightType.Automatic) =>
        context.Catalog.OpenModel(RequireNamed(path), device, weightType);

    /// <summary>The path of a model.</summary>
    /// <exception cref="UsageException">None is named.</exception>
    public static string RequireNamed(string? path) => path ?? throw new UsageException($"No model: name {Forms} with --model.");

    /// <summary>Whether a path names the .zip of a pipeline.</summary>
    public static bool IsZip(string path) => path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase);
}
