namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>The errors of a template, which name its file and its line.</summary>
/// <param name="place">The file.</param>
internal sealed class JinjaErrors(string place)
{
    private const string Remedy = "Give a ChatTemplate of your own in its place.";

    /// <summary>An error about a line of the template.</summary>
    /// <param name="line">The line, from 1.</param>
    /// <param name="what">What is wrong, without a full stop.</param>
    public InvalidDataException Bad(int line, string what) => new($"{place}, line {line}: {what}. {Remedy}");

    /// <summary>An error about the template as a whole.</summary>
    /// <param name="what">What is wrong, without a full stop.</param>
    public InvalidDataException Bad(string what) => new($"{place}: {what}. {Remedy}");

    /// <summary>An error about something of the language that this library does not do.</summary>
    /// <param name="line">The line, from 1.</param>
    /// <param name="construct">Its name.</param>
    /// <param name="supported">What there is of its kind; null where the error should not list it.</param>
    public InvalidDataException Unsupported(int line, string construct, IEnumerable<string>? supported = null) => Bad(
        line, $"{construct} is not supported{(supported is null ? "" : $"; supported are {string.Join(", ", supported)}")}");
}
