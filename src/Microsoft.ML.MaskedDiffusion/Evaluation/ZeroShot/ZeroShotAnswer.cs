using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Evaluation.Statistics;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How a model scored one question; a line of the log. Lists have one entry for each option, and none if the question was not scored.
/// </summary>
public sealed record ZeroShotAnswer
{
    /// <summary>The question's id.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>Index of the right option.</summary>
    [JsonPropertyName("gold")]
    public required int Gold { get; init; }

    /// <summary>Whether and how the question was scored.</summary>
    [JsonPropertyName("flag")]
    public AnswerFlag Flag { get; init; }

    /// <summary>Estimates of log p(option | context) in nats, summed over the option's tokens.</summary>
    [JsonPropertyName("log_likelihoods")]
    public IReadOnlyList<double> LogLikelihoods { get; init; } = [];

    /// <summary>Standard errors of the estimates in nats; 0 where exact.</summary>
    [JsonPropertyName("standard_errors")]
    public IReadOnlyList<double> StandardErrors { get; init; } = [];

    /// <summary>Characters (Unicode code points) of the options, without the separator.</summary>
    [JsonPropertyName("character_counts")]
    public IReadOnlyList<int> CharacterCounts { get; init; } = [];

    /// <summary>UTF-8 bytes of the options, without the separator.</summary>
    [JsonPropertyName("byte_counts")]
    public IReadOnlyList<int> ByteCounts { get; init; } = [];

    /// <summary>Tokens of the options.</summary>
    [JsonPropertyName("token_counts")]
    public IReadOnlyList<int> TokenCounts { get; init; } = [];

    /// <summary>For greedy tasks: whether greedy decoding finds the continuation; else null.</summary>
    [JsonPropertyName("is_greedy")]
    public bool? IsGreedy { get; init; }

    /// <summary>Sequences the network had to look at for the estimates.</summary>
    [JsonPropertyName("network_rows")]
    public long NetworkRows { get; init; }

    /// <summary>The option with the largest estimate, the first of equals; -1 where the question was not scored.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public int Predicted => LogLikelihoods.Count == 0 ? -1 : MetricMath.ArgMax([.. LogLikelihoods]);
}
