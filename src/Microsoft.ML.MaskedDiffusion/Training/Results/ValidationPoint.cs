using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>One measurement of the loss on the validation set.</summary>
/// <param name="Step">Optimizer steps finished.</param>
/// <param name="Tokens">Tokens trained on by then, repetitions counted.</param>
/// <param name="Seconds">Seconds of training by then.</param>
/// <param name="Loss">
/// Validation loss in nats per token: an upper bound on the negative log-likelihood, with the same noise draws at every measurement.
/// </param>
/// <param name="StandardError">
/// Standard error of <paramref name="Loss"/> in nats per token, over blocks (choice of text and noise draws together); over draws where
/// there is one block; null if there is only one value.
/// </param>
public sealed record ValidationPoint(
    [property: JsonPropertyName("step")] long Step,
    [property: JsonPropertyName("tokens")] long Tokens,
    [property: JsonPropertyName("seconds")] double Seconds,
    [property: JsonPropertyName("loss")] double Loss,
    [property: JsonPropertyName("standardError")] double? StandardError);
