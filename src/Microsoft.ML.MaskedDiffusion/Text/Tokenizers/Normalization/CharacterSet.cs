using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Normalization;

/// <summary>
/// A set of characters as the Rust library has it, whose tables are older than .NET's: what has come to Unicode since then is in none.
/// </summary>
internal sealed class CharacterSet
{
    private static readonly Lazy<Dictionary<string, CharacterSet>> Sets = new(Read);

    private readonly int[] _lows;
    private readonly int[] _highs;

    private CharacterSet((int Low, int High)[] ranges)
    {
        _lows = [.. ranges.Select(range => range.Low)];
        _highs = [.. ranges.Select(range => range.High)];
    }

    /// <summary>Combining marks of all kinds.</summary>
    public static CharacterSet Marks => Sets.Value["marks"];

    /// <summary>Combining marks without a width.</summary>
    public static CharacterSet NonSpacingMarks => Sets.Value["nonspacing"];

    /// <summary>What BERT's normalizer removes as no text: control, format and private characters.</summary>
    public static CharacterSet Removed => Sets.Value["removed"];

    /// <summary>Punctuation, and all signs of ASCII.</summary>
    public static CharacterSet Punctuation => Sets.Value["punctuation"];

    public bool Contains(Rune rune)
    {
        int at = Array.BinarySearch(_lows, rune.Value);
        // What is not found is the complement of where it would be put.
        at = at >= 0 ? at : ~at - 1;
        return at >= 0 && rune.Value <= _highs[at];
    }

    private static Dictionary<string, CharacterSet> Read() => UnicodeData.Lines().Where(line => line[0] == '$')
        .Select(line => line[1..].Split(' '))
        .ToDictionary(parts => parts[0], parts => new CharacterSet([.. UnicodeData.Ranges(parts.Skip(1))]));
}
