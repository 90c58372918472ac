using System.Text;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

/// <summary>
/// Alters JSON so that it mostly stays JSON: other types and numbers, missing and doubled properties, deep nesting, odd texts. It works on
/// the text, because a tree could not hold all of these.
/// </summary>
internal static class JsonMutator
{
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "1", "-1", "2", "0.5", "-0.0", "1e308", "1e999", "-1e999", "2147483647", "2147483648", "-2147483648",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615", "1e-400",
        "123456789012345678901234567890", "\"\"", "\" \"", "\"a\"", "\"0\"", "\"NaN\"", "\"Infinity\"", "\"..\"",
        "\"../../outside\"", "\"/dev/zero\"", "\"\\u0000\"",
        "\"\\ud83d\"", "\"\\udc00x\"", "\"\\\"\"", "\"{0}{x}\"", "\"(?:a|aa)+(?!\\\\S)\"", "\"[\"", "[]", "{}", "[null]", "[[]]",
        "{\"\":null}", "[1,2,3]", "[\"a\",\"a\"]", "[-1]", "{\"type\":\"Sequence\"}",
    ];

    /// <summary>One or two changes; bytes that are no JSON are altered as bytes.</summary>
    public static byte[] Mutate(byte[] content, byte[] other, Random random)
    {
        byte[] altered = content;
        for (int changes = 1 + random.Next(2); changes > 0; changes--)
        {
            List<Part>? parts = PartsOf(altered);
            if (parts is null || parts.Count == 0)
                return ReferenceEquals(altered, content) ? ByteMutator.Mutate(content, other, random) : altered;
            altered = Change(altered, parts, random);
        }
        return altered;
    }

    private static byte[] Change(byte[] content, List<Part> parts, Random random)
    {
        Part part = parts[random.Next(parts.Count)];
        byte[] value = content[part.Value];
        string text;
        switch (random.Next(8))
        {
            case 0 or 1 or 2:
                return Replace(content, part.Value, Values[random.Next(Values.Length)]);
            case 3:
                // The value of another place.
                return Replace(content, part.Value, Encoding.UTF8.GetString(content[parts[random.Next(parts.Count)].Value]));
            case 4 when part.Name is { } name:
                // Twice, with another value the second time.
                text = $"{Encoding.UTF8.GetString(value)},{Encoding.UTF8.GetString(content[name])}:{Values[random.Next(Values.Length)]}";
                return Replace(content, part.Value, text);
            case 5 when part.Name is { } name:
                // Under another name, which is as good as missing.
                return Replace(content, name, random.Next(2) == 0 ? "\"another\"" : "\"\\ud800\"");
            case 6:
                int depth = random.Next(2) == 0 ? 70 : 5000;
                text = new string('[', depth) + Encoding.UTF8.GetString(value) + new string(']', depth);
                return Replace(content, part.Value, text);
            case 7 when value.Length > 2 && value[0] == '"':
                return Replace(content, part.Value, $"\"{new string('x', random.Next(4) == 0 ? 100_000 : 300)}\"");
            default:
                return Replace(content, part.Value, $"{random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64)}");
        }
    }

    private static byte[] Replace(byte[] content, Range range, string text) =>
        [.. content[..range.Start.Value], .. Encoding.UTF8.GetBytes(text), .. content[range.End.Value..]];

    private static List<Part>? PartsOf(byte[] content)
    {
        var parts = new List<Part>();
        var open = new Stack<(int Start, Range? Name)>();
        var reader = new Utf8JsonReader(content, new JsonReaderOptions { MaxDepth = 100_000, AllowTrailingCommas = true });
        Range? name = null;
        try
        {
            while (reader.Read())
            {
                int start = (int)reader.TokenStartIndex, end = (int)reader.BytesConsumed;
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        // The token ends with the colon; the name with its second quotation mark.
                        name = start..(start + reader.ValueSpan.Length + 2);
                        break;
                    case JsonTokenType.StartArray or JsonTokenType.StartObject:
                        open.Push((start, name));
                        name = null;
                        break;
                    case JsonTokenType.EndArray or JsonTokenType.EndObject:
                        (int begun, Range? of) = open.Pop();
                        parts.Add(new Part(of, begun..end));
                        break;
                    default:
                        parts.Add(new Part(name, start..end));
                        name = null;
                        break;
                }
            }
            return parts;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private readonly record struct Part(Range? Name, Range Value);
}
