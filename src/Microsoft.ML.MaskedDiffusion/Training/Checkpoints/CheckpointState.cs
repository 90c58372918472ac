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
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>The version of the library that wrote the checkpoint. It is for people; nothing is decided by it.</summary>
    [JsonPropertyName("library")]
    public string Library { get; init; } = LibraryVersion.Current;

    /// <summary>The run's <see cref="RunFingerprint"/>.</summary>
    [JsonPropertyName("run")]
    public required SortedDictionary<string, string> Run { get; init; }

    [JsonPropertyName("seed")]
    public required int Seed { get; init; }

    [JsonPropertyName("step")]
    public required long Step { get; init; }

    [JsonPropertyName("tokens")]
    public required long Tokens { get; init; }

    [JsonPropertyName("optimizerStep")]
    public required long OptimizerStep { get; init; }

    [JsonPropertyName("seconds")]
    public required double Seconds { get; init; }

    [JsonPropertyName("windowSeconds")]
    public required double WindowSeconds { get; init; }

    [JsonPropertyName("validationSeconds")]
    public required double ValidationSeconds { get; init; }

    [JsonPropertyName("bestStep")]
    public required long? BestStep { get; init; }

    [JsonPropertyName("bestLoss")]
    public required double BestLoss { get; init; }

    [JsonPropertyName("bestStandardError")]
    public required double? BestStandardError { get; init; }

    [JsonPropertyName("validationsWithoutImprovement")]
    public required int ValidationsWithoutImprovement { get; init; }

    /// <summary>The sum of the losses since the last point of <see cref="Losses"/>.</summary>
    [JsonPropertyName("lossSum")]
    public required double LossSum { get; init; }

    /// <summary>The number of losses in <see cref="LossSum"/>.</summary>
    [JsonPropertyName("lossCount")]
    public required int LossCount { get; init; }

    [JsonPropertyName("losses")]
    public required List<TrainingPoint> Losses { get; init; }

    [JsonPropertyName("validations")]
    public required List<ValidationPoint> Validations { get; init; }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, Format);

    /// <exception cref="InvalidDataException">The file is not such JSON.</exception>
    public static CheckpointState Read(string folder) => Read(File.ReadAllBytes(Path.Combine(folder, Name)), folder);

    /// <summary>Reads the content of the file.</summary>
    /// <exception cref="InvalidDataException">It is not such JSON; the message names the folder.</exception>
    public static CheckpointState Read(byte[] content, string folder)
    {
        try
        {
            CheckpointState state =
                JsonSerializer.Deserialize<CheckpointState>(content, Format) ?? throw new JsonException("The file holds null.");
            // The serializer refuses null in the place of a list, but not in the list.
            if (state.Losses.Contains(null!) || state.Validations.Contains(null!))
                throw new JsonException("A point of the losses or of the validations is null.");
            return state;
        }
        catch (JsonException error)
        {
            string? writer = Writer(content);
            string remedy = LibraryVersion.IsOther(writer) ? " " + LibraryVersion.Remedy(writer) : "";
            throw new InvalidDataException($"{folder}, {Name}: {FaultList.Quote(error.Message)}{remedy}", error);
        }
    }

    // The version that wrote the file, as far as it can be read at all.
    private static string? Writer(byte[] content)
    {
        try
        {
            return JsonSerializer.Deserialize<Signed>(content)?.Library;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Signed([property: JsonPropertyName("library")] string? Library = null);
}
