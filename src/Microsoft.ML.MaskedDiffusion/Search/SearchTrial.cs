using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>One set of values that a search has tried. Immutable.</summary>
/// <param name="Number">The trial's number, from 0.</param>
/// <param name="Values">The values of the options, by their names.</param>
/// <param name="Measurements">What was measured, rung by rung; at least one.</param>
public sealed record SearchTrial(
    int Number, IReadOnlyDictionary<string, object?> Values, IReadOnlyList<SearchMeasurement> Measurements)
{
    /// <summary>The last measurement.</summary>
    public SearchMeasurement Last => Measurements[^1];
}

/// <summary>What a search measured of a trial at a rung. Immutable.</summary>
/// <param name="Rung">The rung, from 0.</param>
/// <param name="Share">The share of the trial's budget that it had then, above 0 to 1.</param>
/// <param name="Steps">Optimizer steps from the trial's beginning.</param>
/// <param name="Flops">
/// Floating point operations from the trial's beginning, 6 x non-embedding parameters x tokens; where the training failed, those it would
/// have had at the rung.
/// </param>
/// <param name="Seconds">Seconds from the trial's beginning, trainings and measurements together.</param>
/// <param name="Metric">The metric; NaN where the training failed.</param>
/// <param name="Error">Why the training failed; null where it did not.</param>
/// <param name="Losses">Steps and training losses, at most 64 of them, spread evenly.</param>
public sealed record SearchMeasurement(
    [property: JsonPropertyName("rung")] int Rung,
    [property: JsonPropertyName("share")] double Share,
    [property: JsonPropertyName("steps")] long Steps,
    [property: JsonPropertyName("flops")] double Flops,
    [property: JsonPropertyName("seconds")] double Seconds,
    [property: JsonPropertyName("metric")] double Metric,
    [property: JsonPropertyName("error")] string? Error,
    [property: JsonPropertyName("losses")] IReadOnlyList<SearchLoss> Losses);

/// <summary>A training loss of a trial.</summary>
/// <param name="Step">The step.</param>
/// <param name="Loss">The training loss in nats per token.</param>
public readonly record struct SearchLoss(
    [property: JsonPropertyName("step")] long Step,
    [property: JsonPropertyName("loss")] double Loss);
