using System.Globalization;
using System.Text;

namespace Microsoft.ML.Data;

/// <summary>How many rows of each class were taken for which class.</summary>
public sealed class ConfusionMatrix
{
    private readonly double[][] _counts;

    internal ConfusionMatrix(double[][] counts)
    {
        _counts = counts;
        PerClassRecall = [.. Enumerable.Range(0, counts.Length).Select(i => Share(counts[i][i], counts[i].Sum()))];
        PerClassPrecision = [.. Enumerable.Range(0, counts.Length).Select(i => Share(counts[i][i], counts.Sum(row => row[i])))];
    }

    public IReadOnlyList<double> PerClassPrecision { get; }

    public IReadOnlyList<double> PerClassRecall { get; }

    /// <summary>By [actual class][predicted class].</summary>
    public IReadOnlyList<IReadOnlyList<double>> Counts => _counts;

    public int NumberOfClasses => _counts.Length;

    public double GetCountForClassPair(int predictedClassIndicatorIndex, int actualClassIndicatorIndex)
    {
        if ((uint)predictedClassIndicatorIndex >= (uint)_counts.Length)
            throw new ArgumentOutOfRangeException(nameof(predictedClassIndicatorIndex), "Invalid predictedClassIndicatorIndex. It should be in the range of the number of classes");
        if ((uint)actualClassIndicatorIndex >= (uint)_counts.Length)
            throw new ArgumentOutOfRangeException(nameof(actualClassIndicatorIndex), "Invalid actualClassIndicatorIndex. It should be in the range of the number of classes");
        return _counts[actualClassIndicatorIndex][predictedClassIndicatorIndex];
    }

    /// <summary>A table for reading: one line per actual class, one column per predicted class.</summary>
    public string GetFormattedConfusionTable()
    {
        var text = new StringBuilder("Confusion table\n");
        text.Append("PREDICTED ||").AppendJoin(" |", Enumerable.Range(0, NumberOfClasses).Select(Cell)).Append(" | Recall\n");
        text.Append("TRUTH     ||").Append('=', 9 * NumberOfClasses).Append('\n');
        for (int i = 0; i < NumberOfClasses; i++)
            text.Append(Cell(i)).Append("   ||").AppendJoin(" |", _counts[i].Select(Cell)).Append(CultureInfo.InvariantCulture, $" | {PerClassRecall[i]:0.0000}\n");
        text.Append("Precision ||").AppendJoin(" |", PerClassPrecision.Select(p => p.ToString("0.0000", CultureInfo.InvariantCulture).PadLeft(7))).Append(" |\n");
        return text.ToString();
    }

    private static string Cell(double value) => value.ToString("0.##", CultureInfo.InvariantCulture).PadLeft(7);

    private static string Cell(int value) => value.ToString(CultureInfo.InvariantCulture).PadLeft(7);

    private static double Share(double part, double whole) => whole > 0 ? part / whole : 0;
}
