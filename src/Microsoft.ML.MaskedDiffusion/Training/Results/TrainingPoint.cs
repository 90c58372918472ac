using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>One point of a training's loss curve.</summary>
/// <param name="Step">Optimizer steps finished.</param>
/// <param name="Tokens">Tokens trained on by then, repetitions counted.</param>
/// <param name="Seconds">Seconds of training by then.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="Loss">Training loss in nats per token, the mean over the steps since the point before.</param>
public sealed record TrainingPoint(
    [property: JsonPropertyName("step")] long Step,
    [property: JsonPropertyName("tokens")] long Tokens,
    [property: JsonPropertyName("seconds")] double Seconds,
    [property: JsonPropertyName("learningRate")] double LearningRate,
    [property: JsonPropertyName("loss")] double Loss);
