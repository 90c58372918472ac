using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// A part of a file's rows, for one of several processes: the rows that begin in the i-th of n equally long parts of the file (in Parquet,
/// of n equal parts of the rows). The parts follow one another, and together they are the file. Immutable.
/// </summary>
public sealed record BatchShard
{
    /// <summary>A part of several.</summary>
    /// <param name="number">Which one, 1 to <paramref name="count"/>.</param>
    /// <param name="count">How many there are, 1 to 100,000.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public BatchShard(int number, int count)
    {
        OptionCheck.Require(count is >= 1 and <= 100_000, nameof(count), count, "1 to 100000");
        OptionCheck.Require(number >= 1 && number <= count, nameof(number), number, $"1 to {count}, the number of parts");
        (Number, Count) = (number, count);
    }

    /// <summary>Which part, 1 to <see cref="Count"/>.</summary>
    public int Number { get; }

    /// <summary>How many parts there are.</summary>
    public int Count { get; }

    /// <summary>All rows: part 1 of 1.</summary>
    public static BatchShard Whole { get; } = new(1, 1);

    /// <summary>Reads a part such as "2/8", the second of eight.</summary>
    /// <param name="text">The two numbers with a slash between them.</param>
    /// <exception cref="FormatException">The text is no such part.</exception>
    public static BatchShard Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split('/');
        if (parts.Length == 2 && Read(parts[0], out int number) && Read(parts[1], out int count)
            && count is >= 1 and <= 100_000 && number >= 1 && number <= count)
            return new BatchShard(number, count);
        throw new FormatException($"'{text}' is no part of a file; it must be i/n with i from 1 to n, such as 2/8, and n at most 100000.");
    }

    /// <summary>The part as "2/8".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}/{Count}");

    /// <summary>Where the part begins and ends among so many bytes or rows.</summary>
    internal (long Begin, long End) Of(long length) => (Cut(length, Number - 1), Cut(length, Number));

    private static bool Read(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private long Cut(long length, int parts) => (long)((Int128)length * parts / Count);
}
