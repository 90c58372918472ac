using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>What the commands that learn from text have in common: the text, what is held out of it, and where the model goes.</summary>
internal abstract class LearningSettings
{
    /// <summary>A text or JSON-lines file, a folder of them, or a .csv or .tsv file with a header.</summary>
    public string? Data { get; set; }

    /// <summary>The field of JSON lines, or the column of .csv and .tsv files, that holds the text.</summary>
    public string Column { get; set; } = "text";

    /// <summary>Which files of a folder are read, and what is a document in them.</summary>
    public TextFilesOptions Text { get; set; } = new();

    /// <summary>What parts the cells of .csv and .tsv files, and whether these have a header.</summary>
    public TableOptions Table { get; set; } = new();

    /// <summary>Data of the same kind to measure on; null takes <see cref="ValidationShare"/> of the data's documents.</summary>
    public string? Validation { get; set; }

    /// <summary>The share of documents that are held out where there is no <see cref="Validation"/>, 0 up to but not 1.</summary>
    public double ValidationShare { get; set; } = 0.05;

    /// <summary>Where the model goes: a .zip, a .mdm file or a folder.</summary>
    public string? Out { get; set; }

    /// <summary>Whether a model that is at <see cref="Out"/> already is replaced.</summary>
    public bool Overwrite { get; set; }
}
