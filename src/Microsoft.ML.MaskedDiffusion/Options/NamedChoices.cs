using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Options;

/// <summary>
/// The values of an option that are known by name, such as "Confidence" or "Threshold(0.9)": the names are what messages show and what
/// saved files hold. Immutable and thread-safe.
/// </summary>
/// <param name="what">What a value is, for messages, such as "sampling order".</param>
/// <param name="makers">For each name how many numbers stand in brackets after it, and what makes the value of them.</param>
internal sealed class NamedChoices<T>(string what, params (string Name, int Numbers, Func<double[], T> Make)[] makers)
    where T : class
{
    /// <summary>The names as they are written, with a letter for each number.</summary>
    public IReadOnlyList<string> Names { get; } = [.. makers.Select(Pattern)];

    /// <summary>The value of a name, in upper or lower case.</summary>
    /// <exception cref="ArgumentException">No value has this name, or its numbers are out of their range.</exception>
    public T FromName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        int bracket = name.IndexOf('(');
        string[] parts = bracket < 0 ? [] : name[(bracket + 1)..].TrimEnd(')').Split(',');
        string word = bracket < 0 ? name : name[..bracket];
        foreach ((string known, int count, Func<double[], T> make) in makers)
        {
            double[] numbers = [.. parts.Select(Number)];
            if (string.Equals(known, word, StringComparison.OrdinalIgnoreCase) && numbers.Length == count && !numbers.Any(double.IsNaN))
                return make(numbers);
        }
        throw new ArgumentException($"There is no {what} \"{name}\"; choose one of {string.Join(", ", Names)}.", nameof(name));
    }

    /// <summary>A name with its numbers, such as "Threshold(0.9)".</summary>
    public static string Join(string word, params double[] numbers) => numbers.Length == 0
        ? word
        : $"{word}({string.Join(", ", numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)))})";

    private static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : double.NaN;

    private static string Pattern((string Name, int Numbers, Func<double[], T> Make) maker) => maker.Numbers == 0
        ? maker.Name
        : $"{maker.Name}({string.Join(", ", Enumerable.Range(0, maker.Numbers).Select(i => (char)('x' + i)))})";
}
