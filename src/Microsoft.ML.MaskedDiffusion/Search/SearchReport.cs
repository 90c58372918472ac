using System.Globalization;
using System.Net;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Search;

/// <summary>
/// The page of a search: trials as lines through parallel axes, one for each option and one for the metric; training losses; and a table.
/// Styles and drawings are in the page, and nothing is fetched.
/// </summary>
internal static class SearchReport
{
    private const int Width = 960, AxesHeight = 320, LossesHeight = 300, Left = 70, Right = 90, Top = 44, Bottom = 40;

    private const string Style =
        ":root{color-scheme:light dark;--paper:#fff;--ink:#1f2937;--soft:#374151;--line:#e5e7eb;--best:#ffedd5;--mark:#c2410c;"
        + "--full:#2563eb;--stopped:#94a3b8}"
        + "@media(prefers-color-scheme:dark){:root{--paper:#14171c;--ink:#e8eaee;--soft:#9aa4b2;--line:#313844;--best:#4a2c17;"
        + "--mark:#fb923c;--full:#7ea6ff;--stopped:#64748b}}"
        + "body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2rem auto;padding:0 1rem;color:var(--ink);"
        + "background:var(--paper)}"
        + "h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;font-size:14px}"
        + "th,td{padding:.25rem .7rem;border-bottom:1px solid var(--line);text-align:right}td{white-space:nowrap}"
        + "th:first-child,td:first-child{text-align:left}"
        + "tr.best{background:var(--best)}.scroll{overflow-x:auto}svg{width:100%;height:auto}"
        + "svg text{font:12px system-ui;fill:var(--soft);stroke:var(--paper);stroke-width:4;paint-order:stroke}"
        + ".trial{fill:none;stroke:var(--stopped);stroke-width:1.2;opacity:.75}.full{stroke:var(--full)}"
        + ".best{stroke:var(--mark);stroke-width:3;opacity:1}.axis{stroke:var(--soft)}";

    /// <summary>The page.</summary>
    public static string Of(SearchResult result)
    {
        var page = new StringBuilder();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Search</title>\n");
        page.Append("<style>").Append(Style).Append("</style>\n</head>\n<body>\n<h1>").Append(Text(Title(result))).Append("</h1>\n");
        page.Append("<h2>Options and ").Append(Text(result.Metric.Name)).Append("</h2>\n");
        page.Append("<p>One line is one trial. Thick: the best; blue: trained to the end of its budget; grey: stopped before.</p>\n");
        page.Append(Axes(result)).Append("\n<h2>Training losses</h2>\n").Append(Losses(result)).Append("\n<h2>Trials</h2>\n");
        return page.Append(Table(result)).Append("\n</body>\n</html>\n").ToString();
    }

    private static string Title(SearchResult result) => string.Create(CultureInfo.InvariantCulture,
        $"{result.Trials.Count} trials, best {result.Metric.Name} {result.Best.Last.Metric:0.0000}");

    // A trial's place on an axis, 0 at the bottom: for numbers by their size, for other values by their order.
    private static string Axes(SearchResult result)
    {
        SearchTrial[] drawn = [.. result.RankedTrials.Where(trial => double.IsFinite(trial.Last.Metric)).Reverse()];
        string[] names = [.. result.Best.Values.Keys];
        Axis[] axes =
        [
            .. names.Select(name => Axis.Of(name, result.Trials.Select(trial => trial.Values[name]))),
            Axis.Of(result.Metric.Name, drawn.Select(trial => (object?)trial.Last.Metric)),
        ];
        double X(int axis) => Left + (double)axis / (axes.Length - 1) * (Width - Left - Right);
        static double Y(double place) => AxesHeight - Bottom - place * (AxesHeight - Top - Bottom);
        StringBuilder svg = Open(AxesHeight, "Options and metric of all trials");
        foreach (SearchTrial trial in drawn)
        {
            IEnumerable<object?> values = names.Select(name => trial.Values[name]).Append(trial.Last.Metric);
            string points = string.Join(' ', values.Select((value, axis) => Point(X(axis), Y(axes[axis].PlaceOf(value)))));
            svg.Append(CultureInfo.InvariantCulture, $"<polyline class=\"trial {Kind(result, trial)}\" points=\"{points}\"/>");
        }
        for (int axis = 0; axis < axes.Length; axis++)
        {
            svg.Append(CultureInfo.InvariantCulture,
                $"<line x1=\"{X(axis):0.#}\" x2=\"{X(axis):0.#}\" y1=\"{Y(0):0.#}\" y2=\"{Y(1):0.#}\" class=\"axis\"/>");
            // Long names stand in two rows, so that neighbours do not cover each other.
            svg.Append(Label(X(axis), axis % 2 == 0 ? 12 : 30, "middle", axes[axis].Name));
            foreach ((string text, double place) in axes[axis].Ticks)
                svg.Append(Label(X(axis) + 6, Y(place) + 4, "start", text));
        }
        return svg.Append("</svg>").ToString();
    }

    private static string Losses(SearchResult result)
    {
        SearchTrial[] drawn = [.. result.RankedTrials.Where(trial => trial.Last.Losses.Count > 1).Reverse()];
        SearchLoss[] all = [.. drawn.SelectMany(trial => trial.Last.Losses).Where(point => double.IsFinite(point.Loss))];
        if (all.Length == 0)
            return "<p>No training was long enough to have a curve.</p>";
        double lastStep = all.Max(point => point.Step), least = all.Min(point => point.Loss), most = all.Max(point => point.Loss);
        double X(double step) => Left + step / lastStep * (Width - Left - Right);
        double Y(double loss) => Top + (most - loss) / Math.Max(most - least, 1e-9) * (LossesHeight - Top - Bottom);
        StringBuilder svg = Open(LossesHeight, "Training losses of all trials");
        svg.Append(CultureInfo.InvariantCulture,
            $"<path class=\"axis\" fill=\"none\" d=\"M{Left},{Top}V{LossesHeight - Bottom}H{Width - Right}\"/>");
        foreach (SearchTrial trial in drawn)
        {
            string points = string.Join(' ', trial.Last.Losses.Where(point => double.IsFinite(point.Loss))
                .Select(point => Point(X(point.Step), Y(point.Loss))));
            svg.Append(CultureInfo.InvariantCulture, $"<polyline class=\"trial {Kind(result, trial)}\" points=\"{points}\"/>");
        }
        foreach (double loss in new[] { least, most })
            svg.Append(Label(Left - 8, Y(loss) + 4, "end", loss.ToString("0.00", CultureInfo.InvariantCulture)));
        svg.Append(Label(Left, Top - 18, "start", "training loss (nats per token)"));
        svg.Append(Label(Left, LossesHeight - 16, "start", "step 0"));
        svg.Append(Label(X(lastStep), LossesHeight - 16, "end", string.Create(CultureInfo.InvariantCulture, $"step {lastStep:N0}")));
        return svg.Append("</svg>").ToString();
    }

    private static string Table(SearchResult result)
    {
        string[] names = [.. result.Best.Values.Keys];
        string[] heads = ["trial", .. names, result.Metric.Name, "share", "steps", "FLOPs", "seconds", "error"];
        var table = new StringBuilder("<div class=\"scroll\"><table><thead><tr>");
        foreach (string head in heads)
            table.Append("<th>").Append(Text(head).Replace(".", ".<wbr>", StringComparison.Ordinal)).Append("</th>");
        table.Append("</tr></thead><tbody>");
        foreach (SearchTrial trial in result.RankedTrials)
        {
            SearchMeasurement last = trial.Last;
            CultureInfo culture = CultureInfo.InvariantCulture;
            string[] cells =
            [
                trial.Number.ToString(culture), .. names.Select(name => SearchDimension.Show(trial.Values[name])),
                last.Metric.ToString("0.0000", culture), last.Share.ToString("P0", culture), last.Steps.ToString("N0", culture),
                last.Flops.ToString("0.00e0", culture), last.Seconds.ToString("0.0", culture), last.Error ?? "",
            ];
            table.Append(trial.Number == result.Best.Number ? "<tr class=\"best\">" : "<tr>");
            foreach (string cell in cells)
                table.Append("<td>").Append(Text(cell)).Append("</td>");
            table.Append("</tr>");
        }
        return table.Append("</tbody></table></div>").ToString();
    }

    private static string Kind(SearchResult result, SearchTrial trial) =>
        trial.Number == result.Best.Number ? "best" : trial.Last.Share >= 1 ? "full" : "stopped";

    private static StringBuilder Open(int height, string title) =>
        new($"<svg viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-label=\"{title}\">");

    private static string Point(double x, double y) => string.Create(CultureInfo.InvariantCulture, $"{x:0.#},{y:0.#}");

    private static string Label(double x, double y, string anchor, string text) => string.Create(
        CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\">{Text(text)}</text>");

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    // An axis: numbers from the least to the largest, or texts one above the other.
    private sealed record Axis(string Name, double Least, double Most, string[] Texts)
    {
        public IEnumerable<(string Text, double Place)> Ticks => Texts.Length > 0
            ? Texts.Select(text => (text, PlaceOf(text)))
            : new[] { Least, Most }.Distinct().Select(number => (SearchDimension.Show(number), PlaceOf(number)));

        public static Axis Of(string name, IEnumerable<object?> values)
        {
            object?[] all = [.. values];
            double?[] numbers = [.. all.Select(NumberOf)];
            return numbers.Length > 0 && numbers.All(number => number is not null)
                ? new Axis(name, numbers.Min()!.Value, numbers.Max()!.Value, [])
                : new Axis(name, 0, 0, [.. all.Select(SearchDimension.Show).Distinct().Order(StringComparer.Ordinal)]);
        }

        public double PlaceOf(object? value)
        {
            if (Texts.Length > 0)
                return Texts.Length == 1 ? 0.5 : (double)Array.IndexOf(Texts, SearchDimension.Show(value)) / (Texts.Length - 1);
            double number = NumberOf(value)!.Value;
            // Numbers of several orders of magnitude, such as learning rates, would stand on each other.
            bool isLogarithmic = Least > 0 && Most > 20 * Least;
            double place = isLogarithmic ? Math.Log(number / Least) / Math.Log(Most / Least) : (number - Least) / (Most - Least);
            return Most > Least ? place : 0.5;
        }

        private static double? NumberOf(object? value) =>
            value is int or long or float or double ? Convert.ToDouble(value, CultureInfo.InvariantCulture) : null;
    }
}
