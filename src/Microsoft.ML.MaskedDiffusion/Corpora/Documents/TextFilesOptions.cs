using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Which UTF-8 files make up a corpus, and what is a document in them. Copied by the method that takes it.</summary>
public sealed class TextFilesOptions
{
    /// <summary>A file, or a folder with files. There is no default.</summary>
    public string Path { get; set; } = "";

    /// <summary>Which files of a folder are read: a name with * and ? as wildcards. Default null: *.txt, *.jsonl and *.ndjson.</summary>
    public string? Pattern { get; set; }

    /// <summary>
    /// Whether the folders inside a folder are searched too. Hidden files and folders are left out; a folder that may not be read is an
    /// error. Default true.
    /// </summary>
    public bool Recursive { get; set; } = true;

    /// <summary>
    /// What ends a document. Default <see cref="DocumentBoundary.Automatic"/>: in .jsonl and .ndjson files each line is a document, any
    /// other file is one document.
    /// </summary>
    public DocumentBoundary Boundary { get; set; }

    /// <summary>The field of a JSON line that holds the text. Default "text".</summary>
    public string JsonField { get; set; } = "text";

    /// <summary>The name of the text column of the data view. Default "Text".</summary>
    public string ColumnName { get; set; } = "Text";

    /// <summary>
    /// The longest document that is allowed, in bytes of UTF-8 (for JSON lines: the whole line), 1 to 1,073,741,824. A longer one is an
    /// error, so that a file which is not what it seems does not use up the memory. Default 16,777,216.
    /// </summary>
    public int MaxDocumentBytes { get; set; } = 1 << 24;

    internal TextFilesOptions Clone() => (TextFilesOptions)MemberwiseClone();

    internal void Check()
    {
        OptionCheck.RequireText(Path, nameof(Path), "a file or a folder");
        OptionCheck.RequireTextOrNull(Pattern, nameof(Pattern), "a pattern such as *.txt");
        OptionCheck.RequireDefined(Boundary, nameof(Boundary));
        OptionCheck.RequireText(JsonField, nameof(JsonField), "the name of a field");
        OptionCheck.RequireColumnName(ColumnName);
        OptionCheck.Require(MaxDocumentBytes is >= 1 and <= 1 << 30, nameof(MaxDocumentBytes), MaxDocumentBytes, "1 to 1073741824");
    }
}
