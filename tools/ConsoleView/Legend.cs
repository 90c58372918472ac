using Spectre.Console;
using Spectre.Console.Rendering;

namespace ConsoleView;

/// <summary>Says what the colours mean, in as many words as there is room for.</summary>
internal static class Legend
{
    /// <summary>The legend.</summary>
    /// <param name="width">Columns that there is room for.</param>
    /// <param name="isUnicode">Whether the console shows more than ASCII.</param>
    public static IReadOnlyList<Segment> Of(int width, bool isUnicode)
    {
        var segments = new List<Segment>();
        int used = 0;
        TryAdd([new Segment("unsure ", TokenColors.Dim), .. Scale(isUnicode), new Segment(" sure", TokenColors.Dim)]);
        TryAdd([new Segment("   ", TokenColors.Dim), Block(isUnicode ? "░░" : "##", false), new Segment(" masked", TokenColors.Dim)]);
        if (isUnicode)
            TryAdd([new Segment("   ", TokenColors.Dim), Block("▒▒", true), new Segment(" masked again", TokenColors.Dim)]);
        Segment changed = new("new", TokenColors.Of(1, true));
        TryAdd([new Segment("   ", TokenColors.Dim), changed, new Segment(" in this step", TokenColors.Dim)]);
        return segments;

        void TryAdd(Segment[] part)
        {
            int columns = part.Sum(segment => segment.CellCount());
            if (used + columns > width)
                return;
            used += columns;
            segments.AddRange(part);
        }
    }

    private static IEnumerable<Segment> Scale(bool isUnicode) =>
        TokenColors.Scale.Select(color => new Segment(isUnicode ? "██" : "==", new Style(color)));

    private static Segment Block(string text, bool isAgain) => new(text, TokenColors.OfMask(isAgain));
}
