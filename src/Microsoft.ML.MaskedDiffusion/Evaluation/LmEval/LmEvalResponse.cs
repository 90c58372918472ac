using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.LmEval;

/// <summary>An answer line. The first four fields are always written, the last two only when they are not null.</summary>
internal sealed record LmEvalResponse
{
    [JsonPropertyName("loglikelihood")]
    public double? Loglikelihood { get; init; }

    [JsonPropertyName("is_greedy")]
    public bool? IsGreedy { get; init; }

    [JsonPropertyName("standard_error")]
    public double? StandardError { get; init; }

    [JsonPropertyName("tokens")]
    public int? Tokens { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("truncated")]
    public bool? Truncated { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("error")]
    public string? Error { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this);
}

/// <summary>A line of an unfinished file of answers, which also identifies the content of its request.</summary>
internal sealed record LmEvalLine(
    [property: JsonPropertyName("request")] string Request,
    [property: JsonPropertyName("response")] LmEvalResponse Response)
{
    public static LmEvalLine Parse(string text) =>
        JsonSerializer.Deserialize<LmEvalLine>(text) is { Request: not null, Response: not null } line
            ? line
            : throw new InvalidDataException("this is not an answer of a stopped run.");

    public string ToJson() => JsonSerializer.Serialize(this);
}
