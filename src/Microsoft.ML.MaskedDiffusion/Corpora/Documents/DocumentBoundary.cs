namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What ends a document in a text file.</summary>
public enum DocumentBoundary
{
    /// <summary>Follows the file's name: <see cref="JsonLine"/> for .jsonl and .ndjson, otherwise <see cref="File"/>.</summary>
    Automatic,

    /// <summary>A file is one document.</summary>
    File,

    /// <summary>A line of white space ends a document, as between paragraphs.</summary>
    BlankLine,

    /// <summary>Each line is a document.</summary>
    Line,

    /// <summary>Each line is a JSON object with the document in one of its fields.</summary>
    JsonLine,
}
