using System.Globalization;
using System.Text.RegularExpressions;

namespace Reproduce.Experiments.TemporalShift;

/// <summary>An entry of a changelog.</summary>
/// <param name="Package">The source package.</param>
/// <param name="Date">Its day, as its author wrote it.</param>
/// <param name="Items">What was changed, each item on one line with single spaces. Lines that only name an author are left out.</param>
internal sealed record ChangelogEntry(string Package, DateOnly Date, IReadOnlyList<string> Items);

/// <summary>
/// Debian's format of changelogs: a header with package and version, indented lines, and a trailer with the author and the date as mails
/// write it (RFC 2822).
/// </summary>
internal static partial class DebianChangelog
{
    /// <summary>Whether a text is in this format: its first line that is not empty is a header.</summary>
    public static bool IsOne(string text)
    {
        ReadOnlySpan<char> rest = text.AsSpan().TrimStart("\r\n\t \uFEFF");
        int end = rest.IndexOf('\n');
        return Header().IsMatch(end < 0 ? rest : rest[..end]);
    }

    /// <summary>
    /// The entries of a text, as they stand. The oldest changelogs have entries without a trailer, from before the format had one; these
    /// have no date, and are only counted.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="FormatException">A trailer has no date; the message has the line.</exception>
    public static (IReadOnlyList<ChangelogEntry> Entries, int WithoutDate) Parse(string text, string name)
    {
        var entries = new List<ChangelogEntry>();
        var lines = new List<string>();
        string? package = null;
        int headers = 0, number = 0;
        foreach (string line in text.Split('\n').Select(line => line.TrimEnd()))
        {
            number++;
            if (Header().Match(line) is { Success: true } header)
            {
                package = header.Groups["package"].Value.ToLowerInvariant();
                headers++;
                lines.Clear();
            }
            else if (line.StartsWith(" -- ", StringComparison.Ordinal) && package is not null)
            {
                entries.Add(new ChangelogEntry(package, Date(line) ?? throw WithoutDay(line, number), Items(lines)));
                package = null;
            }
            else if (package is not null)
            {
                lines.Add(line);
            }
        }
        return (entries, headers - entries.Count);

        FormatException WithoutDay(string line, int at) => new(
            $"{name}, line {at}: this trailer has no date such as 25 May 2023: {line.Trim()}. Correct it, or leave the file out of the "
            + "folder.");
    }

    private static DateOnly? Date(string trailer)
    {
        Match date = Day().Match(trailer);
        string day = $"{date.Groups["day"].Value} {date.Groups["month"].Value} {date.Groups["year"].Value}";
        return DateOnly.TryParseExact(day, "d MMM yyyy", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly parsed)
            ? parsed : null;
    }

    // An item begins with a star, a plus or a minus after two spaces; what is indented further goes on with it.
    private static string[] Items(List<string> lines)
    {
        var items = new List<List<string>>();
        bool isOpen = false;
        foreach (string line in lines)
        {
            string trimmed = line.Trim();
            if (trimmed.Length == 0 || AuthorLine().IsMatch(trimmed))
            {
                isOpen = false;
                continue;
            }
            if (!isOpen || ItemStart().IsMatch(line))
                items.Add([]);
            items[^1].Add(trimmed);
            isOpen = true;
        }
        return
        [
            .. items.Select(item => string.Join(' ', string.Join(' ', item).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))),
        ];
    }

    [GeneratedRegex(@"^(?<package>[a-z0-9][-+.a-z0-9]*) \([^()]*\) .*;", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Header();

    [GeneratedRegex(@"(?<day>\d{1,2})\s+(?<month>[A-Z][a-z]{2})[a-z]*\s+(?<year>\d{4})", RegexOptions.RightToLeft)]
    private static partial Regex Day();

    [GeneratedRegex(@"^\[.*\]$")]
    private static partial Regex AuthorLine();

    [GeneratedRegex(@"^  [*+-] ")]
    private static partial Regex ItemStart();
}
