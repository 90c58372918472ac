namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What ends a document in a text file.</summary>
public enum DocumentBoundary
{
    /// <summary>The file's name decides: <see cref="JsonLine"/> for .jsonl and .ndjson, otherwise <see cref="File"/>.</summary>
    Automatic,

    /// <summary>Each file is one document.</summary>
    File,

    /// <summary>A line that is empty or holds only white space ends a document.</summary>
    BlankLine,

    /// <summary>Each line is a document.</summary>
    Line,

    /// <summary>Each line is a JSON object with the document in one of its fields.</summary>
    JsonLine,
}
