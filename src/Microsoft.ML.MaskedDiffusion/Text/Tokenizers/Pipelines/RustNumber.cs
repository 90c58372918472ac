using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>
/// Reads numbers of JSON as the Rust library does: the first nineteen or so digits as a whole number, which is then multiplied or divided
/// by a power of ten. With sixteen digits and more the result may differ in its last bit from the nearest double, and that bit decides
/// between two ways to cut a text whose scores are equal but for rounding.
/// </summary>
internal static class RustNumber
{
    private const int LargestPower = 308;

    private static readonly double[] Powers =
        [.. Enumerable.Range(0, LargestPower + 1).Select(power => double.Parse($"1e{power}", CultureInfo.InvariantCulture))];

    /// <summary>Reads a number that is valid JSON; infinity where it is too large.</summary>
    public static double Parse(ReadOnlySpan<char> text)
    {
        bool negative = text[0] == '-';
        ulong digits = 0;
        int exponent = 0, at = negative ? 1 : 0;
        // Digits that do not fit any more are ignored; those before the point still count as places.
        bool full = false, afterPoint = false;
        for (; at < text.Length && text[at] is '.' or (>= '0' and <= '9'); at++)
        {
            if (text[at] == '.')
            {
                afterPoint = true;
                continue;
            }
            uint digit = (uint)(text[at] - '0');
            full = full || digits > (ulong.MaxValue - digit) / 10;
            if (!full)
                digits = digits * 10 + digit;
            if (!full && afterPoint)
                exponent--;
            else if (full && !afterPoint)
                exponent++;
        }
        if (at < text.Length)
            exponent += ExponentOf(text[(at + 1)..]);
        double value = Scale(digits, exponent);
        return negative ? -value : value;
    }

    private static int ExponentOf(ReadOnlySpan<char> text)
    {
        const int Largest = 1_000_000;
        bool negative = text[0] == '-';
        int value = 0;
        foreach (char digit in text.TrimStart("+-"))
            value = Math.Min(value * 10 + (digit - '0'), Largest);
        return negative ? -value : value;
    }

    private static double Scale(double value, int exponent)
    {
        for (; exponent < -LargestPower && value != 0; exponent += LargestPower)
            value /= Powers[LargestPower];
        if (value == 0)
            return 0;
        if (exponent > LargestPower)
            return double.PositiveInfinity;
        return exponent >= 0 ? value * Powers[exponent] : value / Powers[-exponent];
    }
}
