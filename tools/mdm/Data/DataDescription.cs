using System.Globalization;

namespace Mdm.Data;

/// <summary>Says what a training reads and holds out, so that a run that is resumed does not go on with the tokens of other data.</summary>
internal static class DataDescription
{
    /// <summary>What is known of the data without reading them.</summary>
    public static string Of(LearningSettings settings)
    {
        string held = settings.Validation is { } file ? Place(file) : settings.ValidationShare.ToString(CultureInfo.InvariantCulture);
        return $"{Place(settings.Data!)}, pattern {settings.Text.Pattern ?? "none"}, column {settings.Column}, documents by "
            + $"{settings.Text.Boundary}, separator {settings.Table.Separator?.ToString() ?? "by the file's kind"}, held out {held}";
    }

    private static string Place(string path) => string.Create(CultureInfo.InvariantCulture,
        $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(path))} of {TextData.ByteCount(path)} bytes");
}
