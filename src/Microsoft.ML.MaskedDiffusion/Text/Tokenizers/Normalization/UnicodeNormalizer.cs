using System.Globalization;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Normalization;

/// <summary>
/// Unicode's four normalization forms, by tables of this library: .NET's own leave text as it is in applications with invariant
/// globalization, and token ids must not depend on that. The tables are those of the Rust library, which are of an older Unicode.
/// </summary>
internal static class UnicodeNormalizer
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int VowelCount = 21, TrailCount = 28, HangulCount = 11172;

    private static readonly Lazy<Tables> Data = new(Tables.Read);

    /// <summary>Normalizes a text: decomposes it, by compatibility too if asked for, and composes it again if asked for.</summary>
    public static string Normalize(string text, bool compatibility, bool compose)
    {
        // Below U+0300 nothing composes with what follows; below U+0080 nothing decomposes.
        int first = text.AsSpan().IndexOfAnyExceptInRange('\0', compose && !compatibility ? '\u02FF' : '\u007F');
        if (first < 0)
            return text;
        var runes = new List<int>(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            Decompose(rune.Value, compatibility, runes);
        Order(runes);
        if (compose)
            Compose(runes);
        var result = new StringBuilder(runes.Count);
        foreach (int value in runes)
            result.Append(new Rune(value));
        return result.ToString();
    }

    private static void Decompose(int value, bool compatibility, List<int> output)
    {
        if (value is >= HangulBase and < HangulBase + HangulCount)
        {
            int index = value - HangulBase;
            output.Add(LeadBase + index / (VowelCount * TrailCount));
            output.Add(VowelBase + index % (VowelCount * TrailCount) / TrailCount);
            if (index % TrailCount > 0)
                output.Add(TrailBase + index % TrailCount);
            return;
        }
        if (!Data.Value.Decompositions.TryGetValue(value, out var entry) || (entry.IsCompatibility && !compatibility))
        {
            output.Add(value);
            return;
        }
        foreach (int part in entry.Parts)
            Decompose(part, compatibility, output);
    }

    // Marks in a row are ordered by their class; those of one class keep their order.
    private static void Order(List<int> runes)
    {
        for (int start = 0, end; start < runes.Count; start = end)
        {
            bool ordered = true;
            for (end = start + 1; ClassOf(runes[start]) > 0 && end < runes.Count && ClassOf(runes[end]) > 0; end++)
                ordered &= ClassOf(runes[end - 1]) <= ClassOf(runes[end]);
            if (ordered)
                continue;
            int[] marks = [.. runes.GetRange(start, end - start).OrderBy(ClassOf)];
            for (int i = 0; i < marks.Length; i++)
                runes[start + i] = marks[i];
        }
    }

    private static void Compose(List<int> runes)
    {
        int starter = -1, written = 0, last = -1;
        for (int i = 0; i < runes.Count; i++)
        {
            int value = runes[i], order = ClassOf(value);
            // Blocked where a mark of the same or a higher class, or a starter, stands between; last is -1 right after the starter.
            if (starter >= 0 && last < order && Pair(runes[starter], value) is { } joint)
            {
                runes[starter] = joint;
                continue;
            }
            if (order == 0)
                (starter, last) = (written, -1);
            else
                last = order;
            runes[written++] = value;
        }
        runes.RemoveRange(written, runes.Count - written);
    }

    private static int? Pair(int left, int right)
    {
        if (left is >= LeadBase and < LeadBase + 19 && right is >= VowelBase and < VowelBase + VowelCount)
            return HangulBase + ((left - LeadBase) * VowelCount + right - VowelBase) * TrailCount;
        if (left is >= HangulBase and < HangulBase + HangulCount && (left - HangulBase) % TrailCount == 0
            && right is > TrailBase and < TrailBase + TrailCount)
        {
            return left + right - TrailBase;
        }
        return Data.Value.Compositions.TryGetValue((left, right), out int joint) ? joint : null;
    }

    private static int ClassOf(int value) => value < 0x300 ? 0 : Data.Value.Classes.GetValueOrDefault(value);

    private sealed class Tables
    {
        public Dictionary<int, (bool IsCompatibility, int[] Parts)> Decompositions { get; } = [];

        public Dictionary<(int Left, int Right), int> Compositions { get; } = [];

        public Dictionary<int, int> Classes { get; } = [];

        public static Tables Read()
        {
            var tables = new Tables();
            foreach (string line in UnicodeData.Lines())
            {
                if (line[0] == '@')
                    tables.AddClass(line);
                else if (line[0] is not ('#' or '$'))
                    tables.AddDecomposition(line);
            }
            return tables;
        }

        private void AddDecomposition(string line)
        {
            int mark = line.AsSpan().IndexOfAny('=', '~', '<');
            int value = UnicodeData.Number(line[..mark]);
            int[] parts = [.. line[(mark + 1)..].Split(' ').Select(UnicodeData.Number)];
            Decompositions.Add(value, (line[mark] == '<', parts));
            if (line[mark] == '=')
                Compositions.Add((parts[0], parts[1]), value);
        }

        private void AddClass(string line)
        {
            string[] parts = line.Split(' ');
            int order = int.Parse(parts[0].AsSpan(1), CultureInfo.InvariantCulture);
            foreach ((int low, int high) in UnicodeData.Ranges(parts.Skip(1)))
            {
                for (int value = low; value <= high; value++)
                    Classes.Add(value, order);
            }
        }
    }
}
