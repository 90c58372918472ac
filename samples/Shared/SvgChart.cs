using System.Globalization;
using System.Text;

namespace Samples.Shared;

/// <summary>Small inline SVG charts: lines over a numeric axis, and horizontal bars with error marks.</summary>
internal static class SvgChart
{
    private const int Width = 720, Height = 300, Left = 60, Right = 20, Top = 20, Bottom = 45;

    // Lines are told apart by their dashes too, in print and by readers who do not see all colours.
    private static readonly string[] Dashes = ["", " stroke-dasharray='8 4'", " stroke-dasharray='2 3'", " stroke-dasharray='9 3 2 3'"];

    /// <summary>A named series of points.</summary>
    public sealed record Series(string Name, string Color, IReadOnlyList<(double X, double Y)> Points);

    /// <summary>One bar: its label, its value, half the width of its error mark (0 for none) and the note beside it.</summary>
    public sealed record Bar(string Label, double Value, double Error, string Note, bool Highlight = false);

    /// <summary>Draws series as lines; points are expected in ascending X.</summary>
    public static string Lines(string xTitle, string yTitle, params Series[] series)
    {
        var points = series.SelectMany(s => s.Points).ToList();
        if (points.Count == 0)
            return "";
        var (minX, maxX) = (points.Min(p => p.X), Math.Max(points.Max(p => p.X), points.Min(p => p.X) + 1));
        var yTicks = Ticks(points.Min(p => p.Y), points.Max(p => p.Y));
        var (minY, maxY) = (yTicks[0], yTicks[^1]);
        double X(double value) => Left + (value - minX) / (maxX - minX) * (Width - Left - Right);
        double Y(double value) => Top + (maxY - value) / (maxY - minY) * (Height - Top - Bottom);

        var svg = Open(Height, $"{yTitle} over {xTitle}");
        foreach (var tick in yTicks)
        {
            svg.Append(Invariant($"<line class='grid' x1='{Left}' x2='{Width - Right}' y1='{Y(tick):F1}' y2='{Y(tick):F1}'/>"));
            svg.Append(Invariant($"<text x='{Left - 8}' y='{Y(tick) + 4:F1}' text-anchor='end'>{tick:0.###}</text>"));
        }
        foreach (var tick in Ticks(minX, maxX).Where(t => t >= minX && t <= maxX))
            svg.Append(Invariant($"<text x='{X(tick):F1}' y='{Height - Bottom + 18}' text-anchor='middle'>{tick:N0}</text>"));
        foreach (var (line, index) in series.Select((line, index) => (line, index)))
        {
            var path = string.Join(' ', line.Points.Select(p => Invariant($"{X(p.X):F1},{Y(p.Y):F1}")));
            string stroke = $"stroke='{line.Color}' stroke-width='2'{Dashes[index % Dashes.Length]}";
            svg.Append($"<polyline fill='none' {stroke} points='{path}'/>");
            if (line.Points.Count < 40)
            {
                foreach ((double x, double y) in line.Points)
                    svg.Append(Invariant($"<circle cx='{X(x):F1}' cy='{Y(y):F1}' r='3' fill='{line.Color}'/>"));
            }
            int top = Top + 14 + 18 * index, right = Width - Right - 4;
            svg.Append($"<line {stroke} x1='{right - 34}' x2='{right}' y1='{top - 4}' y2='{top - 4}'/>");
            svg.Append($"<text x='{right - 42}' y='{top}' text-anchor='end' style='fill:{line.Color}'>{Escape(line.Name)}</text>");
        }
        svg.Append(Invariant($"<text x='{(Left + Width - Right) / 2}' y='{Height - 6}' text-anchor='middle'>{Escape(xTitle)}</text>"));
        int middle = (Top + Height - Bottom) / 2;
        svg.Append(
            Invariant($"<text x='14' y='{middle}' text-anchor='middle' transform='rotate(-90 14 {middle})'>{Escape(yTitle)}</text>"));
        return svg.Append("</svg>").ToString();
    }

    /// <summary>Draws horizontal bars from zero, with an optional dashed reference line.</summary>
    public static string Bars(IReadOnlyList<Bar> bars, double maximum, (double Value, string Label)? reference = null)
    {
        const int labelWidth = 200, noteWidth = 170, rowHeight = 34;
        var height = bars.Count * rowHeight + (reference is null ? 12 : 34);
        double X(double value) => labelWidth + value / maximum * (Width - labelWidth - noteWidth);

        var svg = Open(height, string.Join(", ", bars.Select(bar => $"{bar.Label}: {bar.Note}")));
        foreach (var (bar, index) in bars.Select((bar, index) => (bar, index)))
        {
            var y = 6 + index * rowHeight;
            svg.Append(Invariant($"<text x='{labelWidth - 10}' y='{y + 17}' text-anchor='end'>{Escape(bar.Label)}</text>"));
            string color = bar.Highlight ? "#2563eb" : "#94a3b8";
            svg.Append(Invariant($"<rect x='{labelWidth}' y='{y}' width='{X(bar.Value) - labelWidth:F1}' height='24' fill='{color}'/>"));
            if (bar.Error > 0)
            {
                svg.Append(Invariant($"<line x1='{X(bar.Value - bar.Error):F1}' x2='{X(bar.Value + bar.Error):F1}' "));
                svg.Append(Invariant($"y1='{y + 12}' y2='{y + 12}' stroke='#111' stroke-width='2'/>"));
            }
            svg.Append(Invariant($"<text x='{X(bar.Value + bar.Error) + 8:F1}' y='{y + 17}'>{Escape(bar.Note)}</text>"));
        }
        if (reference is { } mark)
        {
            svg.Append(Invariant($"<line class='mark' x1='{X(mark.Value):F1}' x2='{X(mark.Value):F1}' "));
            svg.Append(Invariant($"y1='2' y2='{bars.Count * rowHeight + 4}'/>"));
            svg.Append(Invariant($"<text x='{X(mark.Value):F1}' y='{height - 8}' text-anchor='middle'>{Escape(mark.Label)}</text>"));
        }
        return svg.Append("</svg>").ToString();
    }

    /// <summary>Writes a chart to an SVG file, with the styles that are otherwise those of the page around it.</summary>
    public static void Save(string svg, string path)
    {
        const string style = "<style>text { font: 13px system-ui, sans-serif; fill: #334155 } .grid { stroke: #e2e8f0 } "
            + ".mark { stroke: #dc2626; stroke-dasharray: 4 4 }</style><rect width='100%' height='100%' fill='#fff'/>";
        int start = svg.IndexOf('>') + 1;
        string opening = svg[..start].Replace("<svg ", "<svg xmlns='http://www.w3.org/2000/svg' ", StringComparison.Ordinal);
        File.WriteAllText(path, opening + style + svg[start..] + Environment.NewLine);
    }

    /// <summary>About five round numbers that cover a range.</summary>
    private static List<double> Ticks(double from, double to)
    {
        var span = Math.Max(to - from, 1e-9);
        var power = Math.Pow(10, Math.Floor(Math.Log10(span / 5)));
        var step = power * new[] { 1.0, 2, 5, 10 }.First(factor => power * factor * 6 >= span);
        var first = Math.Floor(from / step);
        return [.. Enumerable.Range(0, (int)(Math.Ceiling(to / step) - first) + 1).Select(i => (first + i) * step)];
    }

    private static StringBuilder Open(int height, string description) =>
        new StringBuilder().Append(Invariant($"<svg viewBox='0 0 {Width} {height}' role='img' aria-label='{Escape(description)}'>"));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Escape(string text) => System.Net.WebUtility.HtmlEncode(text);
}
