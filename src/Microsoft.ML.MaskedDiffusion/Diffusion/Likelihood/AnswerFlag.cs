using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What is special about how a question was scored.</summary>
public enum AnswerFlag
{
    /// <summary>Nothing.</summary>
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>Not scored, because it has more tokens than the model's context.</summary>
    [JsonStringEnumMemberName("too_long")]
    TooLong,

    /// <summary>Scored with only the end of its context, because it has more tokens than the model's context.</summary>
    [JsonStringEnumMemberName("truncated")]
    Truncated,

    /// <summary>Not scored, because the continuation has no tokens.</summary>
    [JsonStringEnumMemberName("empty")]
    Empty,

    /// <summary>
    /// Not scored, because an autoregressive model needs a token before the continuation, the context is empty, and the tokenizer has no
    /// token that starts a text.
    /// </summary>
    [JsonStringEnumMemberName("no_context")]
    NoContext,
}
