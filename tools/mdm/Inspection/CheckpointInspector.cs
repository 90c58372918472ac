using System.Text.Json;
using Mdm.Output;

namespace Mdm.Inspection;

/// <summary>Knows checkpoints of trainings, and folders of them.</summary>
internal sealed class CheckpointInspector : Inspector
{
    private const string State = "state.json";

    /// <inheritdoc/>
    public override string Kind => "checkpoint";

    /// <inheritdoc/>
    public override bool Knows(string path) => File.Exists(Path.Combine(path, State)) || Steps(path).Length > 0;

    /// <inheritdoc/>
    public override IEnumerable<Field> Read(string path, ToolContext context)
    {
        string[] steps = Steps(path);
        string newest = steps.Length > 0 ? steps[^1] : path;
        StoredFiles files = StoredFiles.Open(newest)!;
        JsonElement state = files.Json(State);
        JsonElement[] validations = [.. state.GetProperty("validations").EnumerateArray()];
        return
        [
            new("kind", steps.Length > 0 ? "folder of checkpoints" : "checkpoint"),
            .. steps.Length == 0 ? Array.Empty<Field>() :
                [new("checkpoints", steps.Select(step => Path.GetFileName(step)).ToArray()), new("newest", Path.GetFileName(newest))],
            new("library", state.GetProperty("library").GetString()),
            new("step", state.GetProperty("step").GetInt64()),
            new("tokens seen", state.GetProperty("tokens").GetInt64()),
            new("training time", state.GetProperty("seconds").GetDouble(), "s", "0.0"),
            new("seed", state.GetProperty("seed").GetInt32(), Format: "0"),
            new("best step", Number(state, "bestStep") is { } best ? (long)best : null),
            new("best loss", Number(state, "bestStep") is null ? null : Number(state, "bestLoss"), "nats per token", "0.000"),
            new("validations", validations.Length),
            new("settings", state.GetProperty("run").EnumerateObject().ToDictionary(item => item.Name, item => item.Value.ToString())),
            new("files", files.Sizes.ToDictionary(file => file.Key, file => file.Value)),
            new("size", files.Sizes.Values.Sum(), "bytes"),
        ];
    }

    // In the order of their steps, which their names have with leading zeros.
    private static string[] Steps(string path) => !Directory.Exists(path) ? [] :
        [.. Directory.GetDirectories(path, "step-*").Where(step => File.Exists(Path.Combine(step, State))).Order(StringComparer.Ordinal)];

    private static double? Number(JsonElement state, string name) =>
        state.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;
}
