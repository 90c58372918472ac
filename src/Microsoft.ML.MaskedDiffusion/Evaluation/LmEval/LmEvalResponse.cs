using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.LmEval;

/// <summary>An answer line. The four usual fields are always there, the last two only where they say something.</summary>
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
