using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Why the writing of a text came to its end.</summary>
public enum FinishReason
{
    /// <summary>As many tokens as asked for were written.</summary>
    [JsonStringEnumMemberName("Length")]
    Length,

    /// <summary>The model wrote the end of the text.</summary>
    [JsonStringEnumMemberName("EndOfText")]
    EndOfText,

    /// <summary>One of <see cref="GenerationOptions.StopStrings"/> was written; the text ends before it.</summary>
    [JsonStringEnumMemberName("StopString")]
    StopString,

    /// <summary>It was cancelled; the text ends at the first position that was not filled.</summary>
    [JsonStringEnumMemberName("Cancelled")]
    Cancelled,

    /// <summary>The prompt cannot be used, and <see cref="InvalidRows.Skip"/> was asked for; the text is empty.</summary>
    [JsonStringEnumMemberName("InvalidPrompt")]
    InvalidPrompt,
}
