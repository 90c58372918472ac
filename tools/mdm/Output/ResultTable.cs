using Spectre.Console;

namespace Mdm.Output;

/// <summary>Draws rows on a terminal: as a table, or one field a line where the terminal is too narrow for the table's numbers.</summary>
internal static class ResultTable
{
    private const int LeastText = 12;
    private const int Border = 3;

    /// <summary>Draws rows that have the same fields.</summary>
    public static void Draw(IAnsiConsole terminal, IReadOnlyList<IReadOnlyList<Field>> rows)
    {
        int width = Enumerable.Range(0, rows[0].Count).Sum(column => LeastWidth(rows, column) + Border) + 1;
        if (width > terminal.Profile.Width)
            DrawRecords(terminal, rows);
        else
            DrawTable(terminal, rows);
    }

    // Numbers are never parted, and headings only between words. Texts go on in the next line.
    private static int LeastWidth(IReadOnlyList<IReadOnlyList<Field>> rows, int column)
    {
        int heading = rows[0][column].Heading.Split(' ').Max(word => word.Length);
        int cells = rows.Max(row => Shown(row[column]).Length);
        return Math.Max(heading, IsNumber(rows[0][column]) ? cells : Math.Min(cells, LeastText));
    }

    private static void DrawTable(IAnsiConsole terminal, IReadOnlyList<IReadOnlyList<Field>> rows)
    {
        Table table = new Table().Border(TableBorder.Rounded);
        foreach ((int index, Field field) in rows[0].Index())
        {
            var column = new TableColumn(new Text(field.Heading));
            table.AddColumn(IsNumber(field) ? column.RightAligned().Width(Wide(index)) : column);
        }
        foreach (IReadOnlyList<Field> row in rows)
            table.AddRow(row.Select(field => new Text(Shown(field))));
        terminal.Write(table);

        // Given widths stay; the others share what is left.
        int? Wide(int index) => terminal.Profile.Width < Natural(rows) ? LeastWidth(rows, index) : null;
    }

    private static int Natural(IReadOnlyList<IReadOnlyList<Field>> rows) => 1 + Enumerable.Range(0, rows[0].Count)
        .Sum(column => Border + Math.Max(rows[0][column].Heading.Length, rows.Max(row => Shown(row[column]).Length)));

    private static void DrawRecords(IAnsiConsole terminal, IReadOnlyList<IReadOnlyList<Field>> rows)
    {
        foreach ((int index, IReadOnlyList<Field> row) in rows.Index())
        {
            if (index > 0)
                terminal.WriteLine();
            foreach (Field field in row)
                terminal.Write(new Text($"{field.Heading}: {Shown(field)}\n"));
        }
    }

    private static bool IsNumber(Field field) => field.Value is double or int or long;

    // A terminal moves to its next stop at a tab, past a table's border.
    private static string Shown(Field field) => field.Text.Replace("\t", "\\t", StringComparison.Ordinal);
}
