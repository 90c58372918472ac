using System.Net;
using System.Text;

namespace DocumentationDemo.Report;

/// <summary>Writes one self-contained HTML page: headings, paragraphs, tables and inline SVG, no outside resources.</summary>
internal sealed class HtmlReport(string title)
{
    private const string Style = """
        body { font: 16px/1.5 system-ui, sans-serif; color: #0f172a; background: #fff }
        body { max-width: 780px; margin: 2rem auto; padding: 0 1rem }
        h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid #e2e8f0 }
        svg { width: 100%; height: auto; font: 13px system-ui, sans-serif } svg text { fill: #334155 }
        svg .grid { stroke: #e2e8f0 } svg .mark { stroke: #dc2626; stroke-dasharray: 4 4 }
        table { border-collapse: collapse; width: 100%; font-size: .92rem }
        th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #e2e8f0; vertical-align: top }
        td.number { text-align: right; font-variant-numeric: tabular-nums } .right { background: #dbeafe } .wrong { background: #ffedd5 }
        .choice { padding-left: 1.2em } .choice span { display: inline-block; width: 1.2em; margin-left: -1.2em }
        .note { color: #475569; font-size: .92rem }
        """;

    private readonly StringBuilder _body = new();

    public HtmlReport Heading(string text) => Append($"<h2>{Escape(text)}</h2>");

    public HtmlReport Paragraph(string text) => Append($"<p>{Escape(text)}</p>");

    public HtmlReport Note(string text) => Append($"<p class='note'>{Escape(text)}</p>");

    /// <summary>Appends trusted markup: an SVG, or text whose parts are already escaped.</summary>
    public HtmlReport Markup(string markup) => Append(markup);

    public HtmlReport Table(IEnumerable<(string Key, string Value)> rows) =>
        Append($"<table>{string.Concat(rows.Select(row => $"<tr><th>{Escape(row.Key)}</th><td>{Escape(row.Value)}</td></tr>"))}</table>");

    /// <summary>Writes the page to a temporary file and renames it, so that a reader never sees half a page.</summary>
    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var page = $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{Escape(title)}</title>
            <style>{Style}</style></head>
            <body><h1>{Escape(title)}</h1>
            {_body}</body></html>
            """;
        File.WriteAllText(path + ".tmp", page, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        File.Move(path + ".tmp", path, overwrite: true);
    }

    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    private HtmlReport Append(string markup)
    {
        _body.Append(markup).Append('\n');
        return this;
    }
}
