using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What the golden tests measured, figure by figure; written to the file that MDM_PARITY names when all tests have run.</summary>
[TestClass]
public sealed class ParityTable
{
    private static readonly ConcurrentQueue<ParityFigure> Figures = new();

    internal static void Add(ParityFigure figure)
    {
        Figures.Enqueue(figure);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{figure.File} {figure.Figure}: off by {figure.Deviation:E2}, recorded tolerance {figure.Tolerance:E2}, " +
            $"own error {figure.OwnError:E2}"));
    }

    [AssemblyCleanup]
    public static void Write()
    {
        if (Environment.GetEnvironmentVariable("MDM_PARITY") is not { Length: > 0 } path || Figures.IsEmpty)
            return;
        File.WriteAllText(path, Render(Figures));
    }

    /// <summary>
    /// The table in Markdown: one line for each file and figure, the worst of those measured more than once, and a last line that sums up.
    /// </summary>
    internal static string Render(IEnumerable<ParityFigure> figures)
    {
        ParityFigure[] worst =
        [
            .. figures.GroupBy(figure => (figure.File, figure.Figure)).Select(same => same.MaxBy(figure => figure.Deviation)!)
                .OrderBy(figure => figure.File, StringComparer.Ordinal),
        ];
        var text = new StringBuilder("| file | figure | largest deviation | tolerance | ratio | own error | ratio |\n" +
            "| --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
        foreach (ParityFigure figure in worst)
        {
            string tolerance = figure.Tolerance == 0 ? "equal" : Number(figure.Tolerance) + (figure.IsRecorded ? "" : "*");
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {figure.File} | {figure.Figure} | {Number(figure.Deviation)} | {tolerance} | {Ratio(figure.Deviation, figure)} |");
            text.Append(
                CultureInfo.InvariantCulture,
                $" {(figure.OwnError is { } own ? Number(own) : "")} | {(figure.OwnError is { } error ? Ratio(error, figure) : "")} |\n");
        }
        ParityFigure[] own32 = [.. worst.Where(figure => figure.OwnError is not null)];
        text.Append("\ndeviation: ours in 32 bits from the reference's in 32 bits. own error: ours in 32 bits from ours in 64. " +
            "tolerance: the reference's own error,\nas recorded (* as found here, where none is). Gradients and moments are relative to " +
            "each tensor's largest number, losses to themselves.\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{worst.Length} figures: {worst.Count(f => f.Deviation <= f.Tolerance)} within the ");
        text.Append(CultureInfo.InvariantCulture, $"tolerance, all within {Largest(worst, f => f.Deviation):0.0} times it; own error ");
        text.Append(CultureInfo.InvariantCulture, $"within {Largest(own32, f => f.OwnError!.Value):0.0} times it, ");
        text.Append(CultureInfo.InvariantCulture, $"below it in {own32.Count(f => f.OwnError <= f.Tolerance)} of {own32.Length}\n");
        return text.ToString();
    }

    private static double Largest(ParityFigure[] figures, Func<ParityFigure, double> value) =>
        figures.Where(figure => figure.Tolerance > 0).Select(figure => value(figure) / figure.Tolerance).DefaultIfEmpty().Max();

    private static string Number(double value) => value == 0 ? "0" : value.ToString("0.0e-0", CultureInfo.InvariantCulture);

    private static string Ratio(double value, ParityFigure figure) =>
        figure.Tolerance == 0 ? "" : (value / figure.Tolerance).ToString("0.00", CultureInfo.InvariantCulture);
}

/// <summary>One measured figure.</summary>
/// <param name="File">The golden file.</param>
/// <param name="Figure">What of it.</param>
/// <param name="Deviation">The largest distance of ours from the reference's.</param>
/// <param name="Tolerance">The reference's own distance from exact arithmetic; 0 where equality is asked for.</param>
/// <param name="IsRecorded">
/// Whether the tolerance is recorded in tolerances.json; else it was found here, by the same computation in 64 bits.
/// </param>
/// <param name="OwnError">The largest distance of ours from our own computation in 64 bits; null where there is none.</param>
internal sealed record ParityFigure(
    string File, string Figure, double Deviation, double Tolerance, bool IsRecorded = true, double? OwnError = null);
