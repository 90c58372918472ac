using Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Which file is read as a table, and how its cells are parted. Copied by the method that takes it.</summary>
/// <remarks>Not thread-safe while it is being changed.</remarks>
public sealed class TableOptions
{
    /// <summary>The file. There is no default.</summary>
    public string Path { get; set; } = "";

    /// <summary>
    /// The ASCII character between cells; no letter, digit, space or quotation mark. Default null: a tab in .tsv files, a comma in all
    /// others.
    /// </summary>
    public char? Separator { get; set; }

    /// <summary>
    /// Whether the first line names the columns; one that it leaves unnamed, as pandas does an index, is Column1, Column2 and so on by its
    /// place, as all are without such a line. Default true.
    /// </summary>
    public bool HasHeader { get; set; } = true;

    internal TableOptions Clone() => (TableOptions)MemberwiseClone();

    internal void Check()
    {
        OptionCheck.RequireText(Path, nameof(Path), "the path of a file with rows");
        CsvCells.CheckSeparator(Separator, nameof(Separator));
    }

    internal CsvSource Open()
    {
        char separator = Separator ?? (System.IO.Path.GetExtension(Path).ToUpperInvariant() == ".TSV" ? '\t' : ',');
        return new CsvSource(Path, (byte)separator, HasHeader, BatchShard.Whole);
    }
}
