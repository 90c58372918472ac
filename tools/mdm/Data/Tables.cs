using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mdm.Data;

/// <summary>Opens text columns of .csv and .tsv files with a header.</summary>
internal static class Tables
{
    /// <summary>What parts the columns of a file of this name; null where it is no such file.</summary>
    public static char? Separator(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".csv" => ',',
        ".tsv" => '\t',
        _ => null,
    };

    /// <summary>Opens columns by their names.</summary>
    /// <param name="path">The file.</param>
    /// <param name="separator">What parts its columns. Quotes count where it is a comma.</param>
    /// <param name="columns">Names in the file, and in the view.</param>
    /// <param name="remedy">How the user names a column, as a sentence.</param>
    /// <param name="context">ML.NET.</param>
    /// <exception cref="UsageException">The header has no such column.</exception>
    public static IDataView Open(
        string path, char separator, IReadOnlyList<(string Name, string As)> columns, string remedy, ToolContext context)
    {
        string[] header = [.. (File.ReadLines(path).FirstOrDefault() ?? "").TrimStart('\uFEFF').Split(separator)
            .Select(name => name.Trim().Trim('"'))];
        var options = new TextLoader.Options
        {
            HasHeader = true,
            Separators = [separator],
            AllowQuoting = separator == ',',
            ReadMultilines = separator == ',',
            Columns = [.. columns.Select(column => new TextLoader.Column(column.As, DataKind.String, Find(column.Name)))],
        };
        return context.Ml.Data.CreateTextLoader(options).Load(path);

        int Find(string name) => Array.IndexOf(header, name) is >= 0 and int at ? at : throw new UsageException(
            $"{path} has no column '{name}'; its header has {string.Join(", ", header)}. {remedy}");
    }
}
