namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A format of files with rows.</summary>
public enum BatchFormat
{
    /// <summary>
    /// UTF-8 text with a row in each line and cells between commas, as in RFC 4180: a cell in quotation marks may hold commas, line breaks
    /// and doubled quotation marks. Lists are JSON arrays in a cell. Blank lines are no rows.
    /// </summary>
    Csv,

    /// <summary>The same with tabs between cells.</summary>
    Tsv,

    /// <summary>A JSON object in each line, UTF-8. Blank lines are no rows.</summary>
    JsonLines,

    /// <summary>
    /// Apache Parquet with columns of text, numbers, truth values and dates, and lists of these. One row group at a time is in memory.
    /// </summary>
    Parquet,
}
