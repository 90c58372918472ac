using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>One zero-shot question: a context and the continuations to choose from. Immutable.</summary>
/// <param name="Id">What identifies the question in logs: the row's own id, or its line number.</param>
/// <param name="Context">The text before the continuation, without a trailing separator.</param>
/// <param name="Choices">
/// The continuations without the separator: the options of a multiple-choice question (2 or more), or the one right continuation where a
/// task asks whether greedy decoding finds it.
/// </param>
/// <param name="Gold">Index of the right one in <paramref name="Choices"/>.</param>
/// <param name="Separator">What stands between context and continuation: one space, as in lm-evaluation-harness.</param>
public sealed record ZeroShotQuestion(
    // Logs name a question by a hash of its JSON, so names and order stay.
    [property: JsonPropertyName("Id")] string Id,
    [property: JsonPropertyName("Context")] string Context,
    [property: JsonPropertyName("Choices")] IReadOnlyList<string> Choices,
    [property: JsonPropertyName("Gold")] int Gold,
    [property: JsonPropertyName("Delimiter")] string Separator = " ");
