using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.LmEval;

/// <summary>An answer line. The first four fields are always written, the last two only when they are not null.</summary>
internal sealed record LmEvalResponse
{
    internal static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public double? Loglikelihood { get; init; }

    public bool? IsGreedy { get; init; }

    public double? StandardError { get; init; }

    public int? Tokens { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Truncated { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Error { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, Json);
}

/// <summary>A line of an unfinished file of answers, which also identifies the content of its request.</summary>
internal sealed record LmEvalLine(string Request, LmEvalResponse Response)
{
    public static LmEvalLine Parse(string text) =>
        JsonSerializer.Deserialize<LmEvalLine>(text, LmEvalResponse.Json) is { Request: not null, Response: not null } line
            ? line
            : throw new InvalidDataException("this is not an answer of a stopped run.");

    public string ToJson() => JsonSerializer.Serialize(this, LmEvalResponse.Json);
}
