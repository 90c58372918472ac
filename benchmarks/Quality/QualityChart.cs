using System.Globalization;
using System.Net;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Quality;

/// <summary>Nats a token over tokens a second, a labelled point a sampler, as an inline SVG.</summary>
internal sealed class QualityChart
{
    private const double Width = 960, Height = 700, Left = 60, Right = 20, Top = 20, Bottom = 100;
    private const double Radius = 4, LabelHeight = 13, LetterWidth = 6.2, Passes = 6;

    private static readonly (string Family, string Color)[] Colors =
    [
        (QualitySampler.Ancestral, "#2563eb"), (QualitySampler.Ordered, "#dc2626"), (QualitySampler.Adaptive, "#d97706"),
        (QualitySampler.Masking, "#7c3aed"), (QualitySampler.Presets, "#0f766e"), (QualitySampler.Blocks, "#64748b"),
        (QualitySampler.Causal, "#111827"),
    ];

    private readonly StringBuilder _svg = new();
    private readonly double _minX, _maxX, _minY, _maxY;
    private readonly double _entropy;

    private QualityChart(IReadOnlyList<QualityFigures> samplers, QualityFigures held)
    {
        _minX = samplers.Min(one => Math.Log10(one.TokensPerSecond!.Value)) - 0.05;
        _maxX = samplers.Max(one => Math.Log10(one.TokensPerSecond!.Value)) + 0.12;
        _minY = Math.Floor(2 * samplers.Min(one => Math.Min(one.Loss.Value, held.Loss.Value)) - 0.2) / 2;
        _maxY = Math.Ceiling(2 * samplers.Max(one => Math.Max(one.Loss.Value, held.Loss.Value)) + 0.2) / 2;
        _entropy = held.PooledEntropy;
    }

    /// <summary>Draws samplers, and held-out text as a dashed line.</summary>
    public static string Draw(IReadOnlyList<QualityFigures> samplers, QualityFigures held)
    {
        var chart = new QualityChart(samplers, held);
        chart.Axes();
        chart.Points(samplers, held);
        chart.Legend();
        return chart._svg.Append("</svg>").ToString();
    }

    private void Axes()
    {
        Add($"<svg viewBox='0 0 {Width} {Height}' role='img' aria-label='Nats a token over tokens a second, by sampler'>");
        for (double tick = _minY; tick <= _maxY + 1e-9; tick += 0.5)
        {
            Add($"<line class='grid' x1='{Left}' x2='{Width - Right}' y1='{Y(tick):F1}' y2='{Y(tick):F1}'/>");
            Add($"<text x='{Left - 8}' y='{Y(tick) + 4:F1}' text-anchor='end'>{tick:0.0}</text>");
        }
        for (int power = (int)Math.Floor(_minX); power <= _maxX; power++)
        {
            foreach (int digit in new[] { 1, 2, 5 })
            {
                double value = digit * Math.Pow(10, power), place = Math.Log10(value);
                if (place < _minX || place > _maxX)
                    continue;
                Add($"<line class='grid' x1='{X(place):F1}' x2='{X(place):F1}' y1='{Top}' y2='{Height - Bottom}'/>");
                Add($"<text x='{X(place):F1}' y='{Height - Bottom + 18}' text-anchor='middle'>{value:N0}</text>");
            }
        }
        double middle = (Top + Height - Bottom) / 2;
        Add($"<text x='{(Left + Width - Right) / 2}' y='{Height - Bottom + 38}' text-anchor='middle'>tokens a second</text>");
        Add($"<text x='14' y='{middle}' text-anchor='middle' transform='rotate(-90 14 {middle})'>");
        Add($"nats a token under the autoregressive model</text>");
    }

    private void Points(IReadOnlyList<QualityFigures> samplers, QualityFigures held)
    {
        (double X, double Y)[] points = [.. samplers.Select(one => (X(Math.Log10(one.TokensPerSecond!.Value)), Y(one.Loss.Value)))];
        double real = Y(held.Loss.Value);
        Add($"<line class='mark' x1='{Left}' x2='{Width - Right}' y1='{real:F1}' y2='{real:F1}'/>");
        Box[] labels = Place(points, [.. samplers.Select(one => one.Name)]);
        for (int i = 0; i < points.Length; i++)
        {
            (double x, double y) = points[i];
            string color = ColorOf(samplers[i].Family), name = WebUtility.HtmlEncode(samplers[i].Name);
            // Texts of few kinds of tokens have a low loss for that alone.
            string fill = samplers[i].PooledEntropy < LeastEntropy ? "#fff" : color;
            double nearX = Math.Clamp(x, labels[i].Left, labels[i].Right), nearY = Math.Clamp(y, labels[i].Top, labels[i].Bottom);
            if (Math.Abs(nearX - x) + Math.Abs(nearY - y) > 3 * Radius)
                Add($"<line x1='{x:F1}' y1='{y:F1}' x2='{nearX:F1}' y2='{nearY:F1}' stroke='{color}' stroke-width='0.6'/>");
            Add($"<circle cx='{x:F1}' cy='{y:F1}' r='{Radius}' fill='{fill}' stroke='{color}' stroke-width='1.5'/>");
            Add($"<text x='{labels[i].Left:F1}' y='{labels[i].Bottom - 3:F1}' style='font-size:11px;fill:{color}'>{name}</text>");
        }
        string text = string.Create(CultureInfo.InvariantCulture, $"held-out text, {held.Loss.Value:F2}");
        IEnumerable<Box> places = Enumerable.Range(1, 80)
            .Select(i => new Box(Left + 10 * i, real - LabelHeight - 3, (text.Length + 4) * LetterWidth * 1.2, LabelHeight + 3));
        Box free = places.MinBy(place => labels.Sum(place.Shared) + DotsOf(points).Sum(place.Shared) + 10 * place.Outside());
        Add($"<text x='{(free.Left + free.Right) / 2:F1}' y='{real - 5:F1}' text-anchor='middle' style='fill:#dc2626'>{text}</text>");
    }

    private double LeastEntropy => _entropy - 0.5;

    private void Legend()
    {
        double x = Left;
        foreach ((string family, string color) in Colors)
        {
            Add($"<circle cx='{x + Radius}' cy='{Height - 36}' r='{Radius}' fill='{color}'/>");
            Add($"<text x='{x + 14}' y='{Height - 32}' style='font-size:12px;fill:{color}'>{family}</text>");
            x += 28 + 6.6 * family.Length;
        }
        Add($"<circle cx='{Left + Radius}' cy='{Height - 15}' r='{Radius}' fill='#fff' stroke='#334155' stroke-width='1.5'/>");
        Add($"<text x='{Left + 14}' y='{Height - 11}' style='font-size:12px'>hollow: the tokens of all texts together have an entropy ");
        Add($"below {LeastEntropy:F2} nats; held-out text has {_entropy:F2}</text>");
    }

    // Each label takes the place around its point that covers least of the others; some rounds, as they make room for each other.
    private static Box[] Place((double X, double Y)[] points, string[] names)
    {
        Box[] dots = DotsOf(points);
        var labels = new Box[points.Length];
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < labels.Length; i++)
            {
                labels[i] = Around(points[i], names[i].Length * LetterWidth).MinBy(place =>
                    place.Cost + dots.Sum(place.Box.Shared)
                    + 3 * labels.Index().Where(other => other.Index != i).Sum(other => place.Box.Shared(other.Item))
                    + 10 * place.Box.Outside()).Box;
            }
        }
        return labels;
    }

    private static Box[] DotsOf((double X, double Y)[] points) =>
        [.. points.Select(point => new Box(point.X - Radius, point.Y - Radius, 2 * Radius, 2 * Radius))];

    private static IEnumerable<(Box Box, double Cost)> Around((double X, double Y) point, double width)
    {
        for (double away = Radius + 2; away < 110; away += 7)
        {
            foreach (double up in new[] { 0, 0.5, -0.5, 1, -1 })
            {
                double top = point.Y - LabelHeight / 2 - up * (away + LabelHeight / 2);
                if (Math.Abs(up) == 1)
                {
                    yield return (new Box(point.X - width / 2, top, width, LabelHeight), away + 1);
                    continue;
                }
                yield return (new Box(point.X + away, top, width, LabelHeight), away);
                yield return (new Box(point.X - away - width, top, width, LabelHeight), away + 1);
            }
        }
    }

    private double X(double value) => Left + (value - _minX) / (_maxX - _minX) * (Width - Left - Right);

    private double Y(double value) => Top + (_maxY - value) / (_maxY - _minY) * (Height - Top - Bottom);

    private static string ColorOf(string family) => Array.Find(Colors, one => one.Family == family).Color;

    private void Add(FormattableString text) => _svg.Append(text.ToString(CultureInfo.InvariantCulture));

    private readonly record struct Box(double Left, double Top, double Width, double Height)
    {
        public double Right => Left + Width;

        public double Bottom => Top + Height;

        public double Shared(Box other) =>
            Math.Max(0, Math.Min(Right, other.Right) - Math.Max(Left, other.Left))
            * Math.Max(0, Math.Min(Bottom, other.Bottom) - Math.Max(Top, other.Top));

        /// <summary>How much of it lies outside the axes.</summary>
        public double Outside() =>
            Width * Height - Shared(new Box(QualityChart.Left, QualityChart.Top, QualityChart.Width - QualityChart.Left
                - QualityChart.Right, QualityChart.Height - QualityChart.Top - QualityChart.Bottom));
    }
}
