using System.Text.RegularExpressions;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>A row's number in messages.</summary>
internal static partial class RowNumber
{
    /// <summary>What a message says behind a column.</summary>
    /// <param name="number">The row's number in its pass over the data, from 0.</param>
    public static string Text(long number) => FormattableString.Invariant($" (row {number} from 0)");

    /// <summary>A message without such numbers, for data that were cut into parts, in which rows have other ones.</summary>
    public static string Without(string message) => Any().Replace(message, "");

    [GeneratedRegex(@" \(row \d+ from 0\)")]
    private static partial Regex Any();
}
