namespace ConsoleView;

/// <summary>A line of the console.</summary>
/// <param name="Cells">What is in it.</param>
internal sealed record TextLine(IReadOnlyList<TextCell> Cells)
{
    /// <summary>Whether anything in it is written already.</summary>
    public bool IsWritten => Cells.Any(cell => cell.IsWritten);

    /// <summary>A line that says something about the text.</summary>
    public static TextLine Note(string text, int width) => new([new TextCell(TextCells.Cut(text, width), 0, TokenColors.Dim)]);

    /// <summary>Breaks cells into lines: behind spaces where there is one, else wherever the width ends.</summary>
    /// <param name="cells">The cells.</param>
    /// <param name="width">Columns of a line, at least 1.</param>
    public static List<TextLine> Wrap(IReadOnlyList<TextCell> cells, int width)
    {
        var lines = new List<TextLine>();
        int begin = 0, used = 0, space = -1;
        for (int i = 0; i < cells.Count; i++)
        {
            TextCell cell = cells[i];
            // A space at the end of a line may hang over, since it is left out.
            if (used + cell.Width > width && !cell.IsSpace && i > begin)
            {
                int end = space >= begin ? space + 1 : i;
                Close(end);
                used = 0;
                for (int j = begin; j < i; j++)
                    used += cells[j].Width;
            }
            used += cell.Width;
            if (cell.IsSpace)
                space = i;
            if (cell.EndsLine)
            {
                Close(i + 1);
                used = 0;
            }
        }
        if (begin < cells.Count || lines.Count == 0)
            Close(cells.Count);
        return lines;

        void Close(int end)
        {
            int shown = end;
            int columns = 0;
            for (int i = begin; i < end; i++)
            {
                columns += cells[i].Width;
                if (columns > width && cells[i].IsSpace)
                {
                    shown = i;
                    break;
                }
            }
            lines.Add(new TextLine([.. cells.Skip(begin).Take(shown - begin)]));
            begin = end;
        }
    }
}
