using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>What the commands that learn have in common: the data, what is held out of them, and where the model goes.</summary>
internal abstract class LearningSettings
{
    /// <summary>The file or folder that is learned from.</summary>
    public string? Data { get; set; }

    /// <summary>What parts the cells of .csv and .tsv files, and whether these have a header.</summary>
    public TableOptions Table { get; set; } = new();

    /// <summary>Data of the same kind to measure on; null takes <see cref="ValidationShare"/> of the data.</summary>
    public string? Validation { get; set; }

    /// <summary>The share of documents or rows that are held out where there is no <see cref="Validation"/>, 0 up to but not 1.</summary>
    public double ValidationShare { get; set; } = 0.05;

    /// <summary>Where the model goes: a .zip, a .mdm file or a folder.</summary>
    public string? Out { get; set; }

    /// <summary>Whether a model that is at <see cref="Out"/> already is replaced.</summary>
    public bool Overwrite { get; set; }
}
