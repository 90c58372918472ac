using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>Opens text columns of .csv and .tsv files.</summary>
internal static class Tables
{
    /// <summary>What the option --separator does.</summary>
    public const string SeparatorHelp = "What parts the cells of a table, such as ';'. Default: a comma, or a tab in .tsv files.";

    /// <summary>Whether a path names a file with cells.</summary>
    public static bool IsTable(string path) =>
        Path.GetExtension(path).ToLowerInvariant() is ".csv" or ".tsv" && !Directory.Exists(path);

    /// <summary>Opens columns by their names; the file is read row by row whenever the view is read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">The columns' names.</param>
    /// <param name="make">Makes a row of the view of the columns' texts.</param>
    /// <param name="options">How cells are parted; the path is set here.</param>
    /// <param name="remedy">How the user names a column, as a sentence.</param>
    /// <param name="context">ML.NET.</param>
    /// <exception cref="UsageException">The header has no such column.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The header cannot be read.</exception>
    public static IDataView Open<TRow>(
        string path, string[] columns, Func<string[], TRow> make, TableOptions options, string remedy, ToolContext context)
        where TRow : class
    {
        SourceFiles.RequireFile(path);
        options.Path = path;
        IDataView table = context.Catalog.LoadTable(options);
        string[] header = [.. table.Schema.Select(column => column.Name)];
        foreach (string name in columns)
        {
            if (!header.Contains(name))
            {
                throw new UsageException(
                    $"{path} has no column '{name}'; its header has {string.Join(", ", header)}. {OtherSeparator(header)}{remedy}");
            }
        }
        return context.Ml.Data.LoadFromEnumerable(Rows(table, columns, make));
    }

    private static IEnumerable<TRow> Rows<TRow>(IDataView table, string[] names, Func<string[], TRow> make)
    {
        DataViewSchema.Column[] columns = [.. names.Select(name => table.Schema[name])];
        using DataViewRowCursor cursor = table.GetRowCursor(columns);
        ValueGetter<ReadOnlyMemory<char>>[] getters = [.. columns.Select(cursor.GetGetter<ReadOnlyMemory<char>>)];
        while (cursor.MoveNext())
        {
            string[] texts = new string[getters.Length];
            for (int i = 0; i < texts.Length; i++)
            {
                ReadOnlyMemory<char> text = default;
                getters[i](ref text);
                texts[i] = text.ToString();
            }
            yield return make(texts);
        }
    }

    // A header that is one cell, and has another separator in it, was most likely parted by that one.
    private static string OtherSeparator(string[] header)
    {
        int at = header.Length == 1 ? header[0].AsSpan().IndexOfAny(";,\t|") : -1;
        if (at < 0)
            return "";
        return header[0][at] == '\t'
            ? "Its cells seem to be parted by tabs: name the file .tsv. "
            : $"Its cells seem to be parted by '{header[0][at]}': set --separator '{header[0][at]}'. ";
    }
}
