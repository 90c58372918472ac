using Mdm.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The settings of 'mdm perplexity'.</summary>
internal sealed class PerplexitySettings : ModelSettings
{
    /// <summary>The texts: files and folders, each a group of its own in the result.</summary>
    public IReadOnlyList<string> Data { get; set; } = [];

    /// <summary>The field of JSON lines, or the column of .csv and .tsv files, that holds the text.</summary>
    public string Column { get; set; } = "text";

    /// <summary>Which files of a folder are read, and what is a document in them.</summary>
    public TextFilesOptions Text { get; set; } = new();

    /// <summary>What parts the cells of .csv and .tsv files, and whether these have a header.</summary>
    public TableOptions Table { get; set; } = new();

    /// <summary>Documents of each file or folder that are measured, from its beginning; null for all.</summary>
    public int? MaxDocuments { get; set; }

    /// <summary>How likelihoods are measured.</summary>
    public PerplexityOptions Perplexity { get; set; } = new();
}
