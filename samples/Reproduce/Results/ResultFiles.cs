using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Reproduce.Experiments;
using Reproduce.Runs;

namespace Reproduce.Results;

/// <summary>Writes a result: results.json for programs, index.html and figure.svg for readers, results.md for a page of the docs.</summary>
internal static class ResultFiles
{
    private const int FigureWidth = 760, FigureHeight = 420;

    private const string Style = """
        body { font: 16px/1.5 system-ui, sans-serif; color: #0f172a; background: #fff }
        body { max-width: 860px; margin: 2rem auto; padding: 0 1rem }
        h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2.2rem }
        svg { width: 100%; height: auto }
        table { border-collapse: collapse; width: 100%; font-size: .92rem }
        th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #e2e8f0; vertical-align: top }
        pre { font-size: .85rem; overflow-x: auto }
        """;

    public static void Write(Experiment experiment, RunOptions options, ExperimentResult result)
    {
        string svg = Plots.Svg(result.Plot, FigureWidth, FigureHeight);
        string json = JsonSerializer.Serialize(new
        {
            experiment = experiment.Name,
            experiment.Title,
            Run.Version,
            options.Seed,
            options.Scale,
            options.IsUntrained,
            options.UsesStandIns,
            options.IsSimulated,
            options.IsFull,
            options.ModelFile,
            options.BaselineFile,
            options.JudgeFile,
            result.Claims,
            result.Tables,
            result.Settings,
        }, Json.Indented);
        Save(options, "figure.svg", svg);
        Save(options, "results.json", json + "\n");
        Save(options, "results.md", Markdown(result));
        Save(options, "index.html", Page(experiment, options, result, svg[svg.IndexOf("<svg", StringComparison.Ordinal)..]));
    }

    /// <summary>The tables as text for a terminal.</summary>
    public static string Text(ExperimentResult result)
    {
        var text = new StringBuilder();
        foreach (ResultTable table in result.Tables)
        {
            string[][] cells = [[.. table.Columns], .. table.Rows.Select(row => row.Select(Cell).ToArray())];
            int[] widths = [.. table.Columns.Select((_, column) => cells.Max(row => row[column].Length))];
            text.Append('\n').AppendLine(table.Title);
            foreach (string[] row in cells)
                text.AppendLine("  " + string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
        text.AppendLine();
        foreach (ClaimResult claim in result.Claims)
            text.AppendLine($"{Words(claim.Verdict)}: {claim.Claim}\n  published: {claim.Published}\n  measured:  {claim.Measured}");
        return text.ToString();
    }

    private static string Markdown(ExperimentResult result)
    {
        var text = new StringBuilder();
        foreach (ResultTable table in AllTables(result))
        {
            string line = string.Concat(table.Columns.Select(_ => " --- |"));
            text.Append($"**{table.Title}**\n\n| {string.Join(" | ", table.Columns)} |\n|{line}\n");
            foreach (object[] row in table.Rows)
                text.Append($"| {string.Join(" | ", row.Select(Cell))} |\n");
            text.Append('\n');
        }
        return text.ToString();
    }

    private static string Page(Experiment experiment, RunOptions options, ExperimentResult result, string svg)
    {
        var body = new StringBuilder($"<h1>{Escape(experiment.Title)}</h1><p>{Escape(experiment.Method)}</p>{svg}");
        foreach (ResultTable table in AllTables(result))
        {
            body.Append($"<h2>{Escape(table.Title)}</h2><table><tr>{Cells("th", table.Columns)}</tr>");
            body.Append(string.Concat(table.Rows.Select(row => $"<tr>{Cells("td", row.Select(Cell))}</tr>"))).Append("</table>");
        }
        string settings = JsonSerializer.Serialize(
            new { Run.Version, Options = options with { Folder = "", DataFolder = null }, result.Settings }, Json.Indented);
        body.Append($"<h2>Settings</h2><pre>{Escape(settings)}</pre>");
        return $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>{Escape(experiment.Title)}</title><style>{Style}</style></head>
            <body>{body}</body></html>

            """;
    }

    private static IEnumerable<ResultTable> AllTables(ExperimentResult result) => result.Tables.Prepend(new ResultTable(
        "Claims", ["claim", "published", "measured", "verdict"],
        [.. result.Claims.Select(claim => new object[] { claim.Claim, claim.Published, claim.Measured, Words(claim.Verdict) })]));

    private static string Words(Verdict verdict) => verdict switch
    {
        Verdict.Holds => "holds",
        Verdict.HoldsInPart => "holds in part",
        Verdict.CannotBeTold => "cannot be told",
        _ => "does not hold",
    };

    private static string Cell(object value) => value switch
    {
        double number => number.ToString("G5", CultureInfo.InvariantCulture),
        int or long => ((IFormattable)value).ToString("N0", CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static string Cells(string tag, IEnumerable<string> cells) =>
        string.Concat(cells.Select(cell => $"<{tag}>{Escape(cell)}</{tag}>"));

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static void Save(RunOptions options, string name, string content)
    {
        string path = Path.Combine(options.Folder, name);
        File.WriteAllText(path + ".new", content);
        File.Move(path + ".new", path, overwrite: true);
    }
}
