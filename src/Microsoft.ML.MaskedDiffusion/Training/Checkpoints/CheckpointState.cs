using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

/// <summary>The file state.json of a checkpoint: everything of a run that is not a tensor, and the run's fingerprint.</summary>
internal sealed record CheckpointState
{
    public const string Name = "state.json";

    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>The version of the library that wrote the checkpoint. It is for people; nothing is decided by it.</summary>
    public string Library { get; init; } =
        typeof(CheckpointState).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>The run's <see cref="RunFingerprint"/>.</summary>
    public required SortedDictionary<string, string> Run { get; init; }

    public required int Seed { get; init; }

    public required long Step { get; init; }

    public required long Tokens { get; init; }

    public required long OptimizerStep { get; init; }

    public required double Seconds { get; init; }

    public required double WindowSeconds { get; init; }

    public required double ValidationSeconds { get; init; }

    public required long? BestStep { get; init; }

    public required double BestLoss { get; init; }

    public required double? BestStandardError { get; init; }

    public required int ValidationsWithoutImprovement { get; init; }

    /// <summary>The sum of the losses since the last point of <see cref="Losses"/>.</summary>
    public required double LossSum { get; init; }

    /// <summary>The number of losses in <see cref="LossSum"/>.</summary>
    public required int LossCount { get; init; }

    public required List<TrainingPoint> Losses { get; init; }

    public required List<ValidationPoint> Validations { get; init; }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, Format);

    /// <exception cref="InvalidDataException">The file is not such JSON.</exception>
    public static CheckpointState Read(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize<CheckpointState>(File.ReadAllBytes(Path.Combine(folder, Name)), Format)
                ?? throw new JsonException("The file holds null.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{folder}, {Name}: {FaultList.Quote(error.Message)}", error);
        }
    }
}
