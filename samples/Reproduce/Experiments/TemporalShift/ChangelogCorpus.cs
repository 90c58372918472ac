using System.IO.Compression;
using System.Text;

namespace Reproduce.Experiments.TemporalShift;

/// <summary>A text with its date and where it is from.</summary>
internal sealed record DatedText(string Package, DateOnly Date, string Text);

/// <summary>The entries of all changelogs of a folder, each item of them once.</summary>
internal static class ChangelogCorpus
{
    private const string FilePattern = "changelog*.gz";

    // Strict, so that other encodings are noticed.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Reads a folder and its subfolders. Files that are not in Debian's format, such as the authors' own changelogs, are left out. Entries
    /// are sorted by date; an item that an earlier entry has too is taken out, because packages repeat what others say, and updates of old
    /// releases what was said of new ones. Entries without a date are counted, the same one in several packages as often.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such file, or one that is not compressed by gzip.</exception>
    /// <exception cref="FormatException">A changelog is broken.</exception>
    public static (DatedText[] Texts, int WithoutDate) Read(string folder, int mostCharacters)
    {
        if (!Directory.Exists(folder))
            throw new InvalidOperationException($"There is no folder {folder}. {Remedy}");
        var entries = new List<ChangelogEntry>();
        int withoutDate = 0;
        foreach (string file in Directory.EnumerateFiles(folder, FilePattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string text = Text(file);
            if (!DebianChangelog.IsOne(text))
                continue;
            (IReadOnlyList<ChangelogEntry> own, int ownWithoutDate) = DebianChangelog.Parse(text, file);
            entries.AddRange(own);
            withoutDate += ownWithoutDate;
        }
        return entries.Count > 0 ? (Distinct(entries, mostCharacters), withoutDate)
            : throw new InvalidOperationException($"{folder} has no {FilePattern} in Debian's format. {Remedy}");
    }

    /// <summary>How to name a folder with changelogs.</summary>
    public static string Remedy =>
        "Name a folder with changelogs of Debian packages with --data; on a Debian system that is /usr/share/doc.";

    /// <summary>
    /// The texts of entries in the order of their dates, without the items that an earlier one has, cut to a number of characters at the
    /// end of a word.
    /// </summary>
    public static DatedText[] Distinct(IEnumerable<ChangelogEntry> entries, int mostCharacters)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var texts = new List<DatedText>();
        foreach (ChangelogEntry entry in entries.OrderBy(entry => entry.Date).ThenBy(entry => entry.Package, StringComparer.Ordinal))
        {
            string[] items = [.. entry.Items.Where(seen.Add)];
            if (items.Length > 0)
                texts.Add(new DatedText(entry.Package, entry.Date, Cut(string.Join('\n', items), mostCharacters)));
        }
        return [.. texts];
    }

    private static string Cut(string text, int mostCharacters)
    {
        if (text.Length <= mostCharacters)
            return text;
        int end = text.LastIndexOfAny([' ', '\n'], mostCharacters);
        return text[..(end > 0 ? end : mostCharacters)];
    }

    private static string Text(string file)
    {
        using var bytes = new MemoryStream();
        try
        {
            using FileStream compressed = File.OpenRead(file);
            using var stream = new GZipStream(compressed, CompressionMode.Decompress);
            stream.CopyTo(bytes);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidOperationException(
                $"{file} is not compressed by gzip, or is damaged ({error.Message}). Get it anew, or leave it out of the folder.", error);
        }
        try
        {
            return Utf8.GetString(bytes.ToArray());
        }
        catch (DecoderFallbackException)
        {
            // Debian's changelogs of before UTF-8.
            return Encoding.Latin1.GetString(bytes.ToArray());
        }
    }
}
