using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>
/// The place where a command's model goes. It is looked at before the work begins, kept from other runs of the tool until it is done, and
/// what was made is saved somewhere in any case: beside the place where something has appeared there, else in the folder for temporary
/// files.
/// </summary>
internal sealed class ModelTarget : IDisposable
{
    // Endings of files that others write; a folder with such a name would be taken for one.
    private static readonly string[] OtherEndings = [".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".onnx"];

    private readonly bool _overwrite;
    private readonly ToolContext _context;
    private readonly FileStream? _claim;

    private ModelTarget(string path, bool overwrite, ToolContext context, FileStream? claim)
    {
        Path = path;
        _overwrite = overwrite;
        _context = context;
        _claim = claim;
    }

    /// <summary>The file or folder.</summary>
    public string Path { get; private set; }

    /// <summary>Takes a place, and refuses one where a model could not be saved later.</summary>
    /// <param name="path">A .zip, a .mdm file or a folder.</param>
    /// <param name="overwrite">Whether a model that is there is replaced.</param>
    /// <param name="context">The first of its processes takes the place.</param>
    /// <exception cref="UsageException">No place is named, something is there, or nothing can be written.</exception>
    public static ModelTarget Take(string? path, bool overwrite, ToolContext context)
    {
        if (string.IsNullOrEmpty(path))
            throw new UsageException("No place for the model: name a .zip, a .mdm file or a folder with --out.");
        if (OtherEndings.FirstOrDefault(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) is { } other)
        {
            throw new UsageException($"{path} has the ending of a file that is not written: name a .zip, a .mdm file, or a folder without "
                + $"{other}, in which the weights are model.safetensors.");
        }
        FreePlace.Require(path, FreePlace.IsTaken(path), overwrite);
        try
        {
            context.Catalog.RequireReplaceable(path);
        }
        catch (IOException error)
        {
            throw new UsageException(error.Message, error);
        }
        return new ModelTarget(path, overwrite, context, context.IsFirst ? FreePlace.Claim("model", path) : null);
    }

    /// <summary>Saves a trained transformer: as a pipeline where the name ends in .zip, else its model alone.</summary>
    /// <param name="transformer">The transformer.</param>
    /// <param name="schema">The columns of its input; null for a text column alone.</param>
    /// <exception cref="IOException">It could not be saved at its place; the message says where it is instead.</exception>
    public void Save(LikelihoodScoringTransformer transformer, DataViewSchema? schema) => Save(path =>
    {
        if (ModelPlace.IsZip(path))
            _context.Catalog.SaveModel(transformer, schema ?? Texts().Schema, path);
        else
            transformer.Model.Save(path);
    });

    /// <summary>Saves a model; a .zip scores the likelihood of a text column.</summary>
    /// <param name="model">The model.</param>
    /// <exception cref="IOException">It could not be saved at its place; the message says where it is instead.</exception>
    public void Save(MaskedDiffusionModel model)
    {
        if (!ModelPlace.IsZip(Path))
        {
            Save(model.Save);
            return;
        }
        using LikelihoodScoringTransformer transformer = _context.Catalog.ScoreLikelihood(model).Fit(Texts());
        Save(transformer, null);
    }

    /// <summary>Leaves the place to others.</summary>
    public void Dispose() => _claim?.Dispose();

    private void Save(Action<string> write)
    {
        if (!_overwrite && FreePlace.IsTaken(Path))
            Path = FreePlace.Beside("model", Path, _context);
        FreePlace.Save("model", Path, write);
    }

    private IDataView Texts() => _context.Ml.Data.LoadFromEnumerable(Array.Empty<TextRow>());

    private sealed class TextRow
    {
        public string Text { get; set; } = "";
    }
}
