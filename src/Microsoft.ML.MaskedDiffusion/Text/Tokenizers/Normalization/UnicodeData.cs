using System.Globalization;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Normalization;

/// <summary>The lines of UnicodeData.txt, which is part of this assembly.</summary>
internal static class UnicodeData
{
    public static IEnumerable<string> Lines()
    {
        const string name = "Microsoft.ML.MaskedDiffusion.UnicodeData.txt";
        using Stream stream = typeof(UnicodeData).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream, Encoding.ASCII);
        while (reader.ReadLine() is { } line)
            yield return line;
    }

    /// <summary>Ranges as they are written: one number, or the first and the last.</summary>
    public static IEnumerable<(int Low, int High)> Ranges(IEnumerable<string> ranges) =>
        ranges.Select(range => range.Split('-')).Select(ends => (Number(ends[0]), Number(ends[^1])));

    public static int Number(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
