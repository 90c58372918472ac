namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>Compares the settings that a file was written with, by name, with those of today.</summary>
internal static class RecordedSettings
{
    private const int MostShown = 300;

    /// <summary>One text for each setting that differs, in the ordinal order of the names; none where all are equal.</summary>
    /// <param name="recorded">The settings in the file.</param>
    /// <param name="current">The settings now.</param>
    /// <param name="describe">Makes the text of a name and its two values; null stands for a value that is not there.</param>
    public static IReadOnlyList<string> Differences(
        IReadOnlyDictionary<string, string> recorded, IReadOnlyDictionary<string, string> current,
        Func<string, string?, string?, string> describe) =>
    [
        .. recorded.Keys.Union(current.Keys).Order(StringComparer.Ordinal)
            .Where(name => recorded.GetValueOrDefault(name) != current.GetValueOrDefault(name))
            .Select(name => describe(
                Short(name)!, Short(recorded.GetValueOrDefault(name)), Short(current.GetValueOrDefault(name)))),
    ];

    // A damaged file may have anything in the place of a setting.
    private static string? Short(string? text) => text?.Length > MostShown ? text[..MostShown] + "..." : text;

    /// <summary>The same with texts such as "Seed: 11 in the checkpoint, 12 now".</summary>
    /// <param name="recorded">The settings in the file.</param>
    /// <param name="current">The settings now.</param>
    /// <param name="where">Where the recorded ones are, for example "in the checkpoint".</param>
    public static IReadOnlyList<string> Differences(
        IReadOnlyDictionary<string, string> recorded, IReadOnlyDictionary<string, string> current, string where) =>
        Differences(recorded, current, (name, was, now) => $"{name}: {was ?? "(nothing)"} {where}, {now ?? "(nothing)"} now");
}
