using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.LmEval;

/// <summary>A line of an unfinished file of answers: also names its request's content.</summary>
internal sealed record LmEvalLine(string Request, LmEvalResponse Response)
{
    public static LmEvalLine Parse(string text) =>
        JsonSerializer.Deserialize<LmEvalLine>(text, LmEvalResponse.Json) is { Request: not null, Response: not null } line
            ? line
            : throw new InvalidDataException("this is no answer of a stopped run.");

    public string ToJson() => JsonSerializer.Serialize(this, LmEvalResponse.Json);
}
