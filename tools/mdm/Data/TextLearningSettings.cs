using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>
/// What the commands that learn from text have in common: their data are a text or JSON-lines file, a folder of them, or a .csv or .tsv
/// file with a header.
/// </summary>
internal abstract class TextLearningSettings : LearningSettings
{
    /// <summary>The field of JSON lines, or the column of .csv and .tsv files, that holds the text.</summary>
    public string Column { get; set; } = "text";

    /// <summary>Which files of a folder are read, and what is a document in them.</summary>
    public TextFilesOptions Text { get; set; } = new();
}
