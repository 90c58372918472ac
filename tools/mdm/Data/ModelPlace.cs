using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>Models in files and folders: opened in any form, saved in the form that a name asks for.</summary>
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
        string? path, string device, ToolContext context, WeightType weightType = WeightType.Automatic)
    {
        return context.Catalog.OpenModel(RequireNamed(path), device, weightType);
    }

    /// <summary>The path of a model.</summary>
    /// <exception cref="UsageException">None is named.</exception>
    public static string RequireNamed(string? path) => path ?? throw new UsageException($"No model: name {Forms} with --model.");

    /// <summary>Refuses a place for a model where something is already, before the work that makes the model.</summary>
    /// <exception cref="UsageException">No place is named, or something is there.</exception>
    public static string RequireFree(string? path, bool overwrite)
    {
        if (path is null)
            throw new UsageException("No place for the model: name a .zip, a .mdm file or a folder with --out.");
        if (!overwrite && (File.Exists(path) || Directory.Exists(path)))
            throw new UsageException($"There is something at {path} already: choose another place, or add --overwrite to replace it.");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return path;
    }

    /// <summary>Saves a trained transformer: as a pipeline where the name ends in .zip, else its model alone.</summary>
    /// <param name="transformer">The transformer.</param>
    /// <param name="schema">The columns of its input; null for a text column alone.</param>
    /// <param name="path">The place.</param>
    /// <param name="context">ML.NET.</param>
    public static void Save(LikelihoodScoringTransformer transformer, DataViewSchema? schema, string path, ToolContext context)
    {
        if (IsZip(path))
            context.Catalog.SaveModel(transformer, schema ?? Texts(context).Schema, path);
        else
            transformer.Model.Save(path);
    }

    /// <summary>Saves a model; a .zip scores the likelihood of a text column.</summary>
    public static void Save(MaskedDiffusionModel model, string path, ToolContext context)
    {
        if (!IsZip(path))
        {
            model.Save(path);
            return;
        }
        using LikelihoodScoringTransformer transformer = context.Catalog.ScoreLikelihood(model).Fit(Texts(context));
        Save(transformer, null, path, context);
    }

    private static IDataView Texts(ToolContext context) => context.Ml.Data.LoadFromEnumerable(Array.Empty<TextRow>());

    /// <summary>Whether a path names the .zip of a pipeline.</summary>
    public static bool IsZip(string path) => path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase);

    private sealed class TextRow
    {
        public string Text { get; set; } = "";
    }
}
