using System.Globalization;

namespace Mdm.Data;

/// <summary>Says what a training reads and holds out, so that a run that is resumed does not go on with the tokens of other data.</summary>
internal static class DataDescription
{
    /// <summary>What is known of the data without reading them.</summary>
    public static string Of(TextLearningSettings settings)
    {
        string held = settings.Validation is { } place
            ? Place(place, settings) : settings.ValidationShare.ToString(CultureInfo.InvariantCulture);
        string separator = settings.Table.Separator?.ToString() ?? "by the file's kind";
        return $"{Place(settings.Data!, settings)}, column {settings.Column}, documents by {settings.Text.Boundary}, "
            + $"separator {separator}, header {settings.Table.HasHeader}, held out {held}";
    }

    private static string Place(string path, TextLearningSettings settings)
    {
        string[] files = [.. TextData.Files(path, settings.Text)];
        return string.Create(CultureInfo.InvariantCulture,
            $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(path))}, {files.Length} files of {files.Sum(FileSize.Of)} bytes");
    }
}
