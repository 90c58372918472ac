using Microsoft.ML.MaskedDiffusion.Evaluation.Statistics;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How a model scored one question; a line of the log. Lists have one entry for each option, and none if the question was not scored.
/// </summary>
public sealed record ZeroShotAnswer
{
    /// <summary>The question's id.</summary>
    public required string Id { get; init; }

    /// <summary>Index of the right option.</summary>
    public required int Gold { get; init; }

    /// <summary>Whether and how the question was scored.</summary>
    public AnswerFlag Flag { get; init; }

    /// <summary>Estimates of log p(option | context) in nats, summed over the option's tokens.</summary>
    public IReadOnlyList<double> LogLikelihoods { get; init; } = [];

    /// <summary>Standard errors of the estimates in nats; 0 where exact.</summary>
    public IReadOnlyList<double> StandardErrors { get; init; } = [];

    /// <summary>Characters (Unicode code points) of the options, without the separator.</summary>
    public IReadOnlyList<int> CharacterCounts { get; init; } = [];

    /// <summary>UTF-8 bytes of the options, without the separator.</summary>
    public IReadOnlyList<int> ByteCounts { get; init; } = [];

    /// <summary>Tokens of the options.</summary>
    public IReadOnlyList<int> TokenCounts { get; init; } = [];

    /// <summary>For greedy tasks: whether greedy decoding finds the continuation; else null.</summary>
    public bool? IsGreedy { get; init; }

    /// <summary>Sequences the network had to look at for the estimates.</summary>
    public long NetworkRows { get; init; }

    /// <summary>The option with the largest estimate, the first of equals; -1 where the question was not scored.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public int Predicted => LogLikelihoods.Count == 0 ? -1 : MetricMath.ArgMax([.. LogLikelihoods]);
}
