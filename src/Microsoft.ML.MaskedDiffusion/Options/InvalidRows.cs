using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// What happens to a row that cannot be used: a line of a file that is no JSON or lacks a field, a question with an empty option, a text
/// that is longer than the model's context.
/// </summary>
public enum InvalidRows
{
    /// <summary>Stop with an error that names the row, or the file and the line.</summary>
    [JsonStringEnumMemberName("Throw")]
    Throw,

    /// <summary>
    /// Go on without it. An evaluation leaves it out of its figures and counts it; a file that needs a line for every row says in it what
    /// is wrong; a transform gives missing values (NaN, a missing key), or leaves the text as it is.
    /// </summary>
    [JsonStringEnumMemberName("Skip")]
    Skip,
}
