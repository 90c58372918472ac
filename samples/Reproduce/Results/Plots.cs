using System.Globalization;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Reproduce.Results;

/// <summary>
/// Plots that can be read in print and by colour-blind readers: Okabe and Ito's colours, and a mark and a dash for each series.
/// </summary>
internal static class Plots
{
    private static readonly OxyColor[] Colors =
    [
        OxyColor.Parse("#0072B2"), OxyColor.Parse("#D55E00"), OxyColor.Parse("#009E73"), OxyColor.Parse("#CC79A7"),
        OxyColor.Parse("#E69F00"), OxyColor.Parse("#56B4E9"), OxyColor.Parse("#000000"),
    ];

    private static readonly MarkerType[] Marks =
    [
        MarkerType.Circle, MarkerType.Square, MarkerType.Triangle, MarkerType.Diamond,
    ];

    private static readonly LineStyle[] Dashes = [LineStyle.Solid, LineStyle.Dash, LineStyle.Dot, LineStyle.DashDot];

    /// <summary>An empty plot with titled axes.</summary>
    public static PlotModel Empty(string xTitle, string yTitle, bool isXLogarithmic = false, bool isYLogarithmic = false)
    {
        var plot = new PlotModel { DefaultFont = "sans-serif", Background = OxyColors.White, PlotAreaBorderColor = OxyColors.Gray };
        plot.Axes.Add(Axis(AxisPosition.Bottom, xTitle, isXLogarithmic));
        plot.Axes.Add(Axis(AxisPosition.Left, yTitle, isYLogarithmic));
        plot.Legends.Add(new Legend { LegendPlacement = LegendPlacement.Outside, LegendPosition = LegendPosition.RightTop });
        return plot;
    }

    /// <summary>Adds points, joined by a line or not, with error bars where their intervals have a width.</summary>
    /// <param name="plot">The plot.</param>
    /// <param name="name">The series' name in the legend; null for none.</param>
    /// <param name="look">Which of the looks, from 0.</param>
    /// <param name="points">The points.</param>
    /// <param name="isLine">Whether they are joined.</param>
    /// <param name="hasMarks">Whether they are marked.</param>
    public static void Add(
        PlotModel plot, string? name, int look, IEnumerable<(double X, Interval Y)> points, bool isLine = true, bool hasMarks = true)
    {
        (double X, Interval Y)[] all = [.. points];
        OxyColor color = Colors[look % Colors.Length];
        var line = new LineSeries
        {
            Title = name,
            RenderInLegend = name is not null,
            Color = color,
            LineStyle = isLine ? Dashes[look % Dashes.Length] : LineStyle.None,
            MarkerType = hasMarks ? Marks[look % Marks.Length] : MarkerType.None,
            MarkerSize = 4,
            MarkerFill = color,
        };
        line.Points.AddRange(all.Select(point => new DataPoint(point.X, point.Y.Value)));
        plot.Series.Add(line);
        foreach ((double x, Interval y) in all.Where(point => point.Y.HalfWidth > 0))
        {
            var bar = new LineSeries { Color = color, StrokeThickness = 1, LineStyle = LineStyle.Solid, RenderInLegend = false };
            bar.Points.AddRange([new DataPoint(x, y.Low), new DataPoint(x, y.High)]);
            plot.Series.Add(bar);
        }
    }

    /// <summary>Adds a text on a line.</summary>
    public static void Label(PlotModel plot, string text, int look, double x, double y) => plot.Annotations.Add(new TextAnnotation
    {
        Text = text,
        TextPosition = new DataPoint(x, y),
        TextColor = Colors[look % Colors.Length],
        Background = OxyColors.White,
        TextHorizontalAlignment = HorizontalAlignment.Center,
        TextVerticalAlignment = VerticalAlignment.Middle,
        StrokeThickness = 0,
    });

    /// <summary>The plot as an SVG document.</summary>
    public static string Svg(PlotModel plot, int width, int height)
    {
        var exporter = new SvgExporter
        {
            Width = width,
            Height = height,
            TextMeasurer = new PixelMeasurer(),
            // For viewers that do not know every way of SVG to align text.
            UseVerticalTextAlignmentWorkaround = true,
        };
        return exporter.ExportToString(plot);
    }

    private static Axis Axis(AxisPosition position, string title, bool isLogarithmic)
    {
        Axis axis = isLogarithmic ? new LogarithmicAxis() : new LinearAxis();
        axis.Position = position;
        axis.Title = title;
        axis.AxisTitleDistance = 12;
        axis.MajorGridlineStyle = LineStyle.Solid;
        axis.MajorGridlineColor = OxyColor.Parse("#E2E8F0");
        axis.MinimumPadding = 0.04;
        axis.MaximumPadding = 0.04;
        axis.LabelFormatter = Short;
        return axis;
    }

    // Long numbers beside each other would run into one another.
    private static string Short(double value) => value switch
    {
        >= 1e6 => Number(value / 1e6) + "M",
        >= 1e4 => Number(value / 1e3) + "k",
        _ => Number(value),
    };

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>
    /// The library measures a text in points, three quarters of the pixels that it takes in an SVG. A little more is for wide fonts.
    /// </summary>
    private sealed class PixelMeasurer() : PdfRenderContext(1, 1, OxyColors.White)
    {
        private const double Scale = 1.65;

        public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight)
        {
            OxySize size = base.MeasureText(text, fontFamily, fontSize, fontWeight);
            return new OxySize(size.Width * Scale, size.Height * Scale);
        }
    }
}
