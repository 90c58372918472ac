using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>A table that is printed row by row while it is measured: aligned for a console, or as markdown for the docs.</summary>
internal sealed class ResultTable
{
    private readonly int[] _widths;
    private readonly bool _markdown;

    /// <summary>Prints the head.</summary>
    public ResultTable(bool markdown, params string[] heads)
    {
        _markdown = markdown;
        _widths = [.. heads.Select(head => Math.Max(8, head.Length))];
        Add(heads);
        if (markdown)
            Console.WriteLine("|" + string.Concat(heads.Select(_ => " --- |")));
    }

    /// <summary>The option with which commands print markdown.</summary>
    public static System.CommandLine.Option<bool> MarkdownOption() =>
        new("--markdown") { Description = "print tables as markdown" };

    /// <summary>Prints a row.</summary>
    public void Add(params string[] cells) => Console.WriteLine(_markdown
        ? $"| {string.Join(" | ", cells.Select(cell => cell.Trim()))} |"
        : string.Join("  ", cells.Select((cell, column) => column == 0 ? cell.PadRight(_widths[0]) : cell.PadLeft(_widths[column]))));

    /// <summary>A number in a format of .NET, such as "0.00".</summary>
    public static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
