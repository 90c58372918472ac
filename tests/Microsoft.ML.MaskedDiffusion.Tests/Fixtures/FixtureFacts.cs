using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// What was found in a fixture, by name: texts, which must be equal later, and numbers. A number may differ by 1e-5 of its value (or by
/// 1e-5 below 1), because the kernels for processors with AVX-512 and with AVX2 add up in different orders.
/// </summary>
internal sealed class FixtureFacts
{
    private const double Tolerance = 1e-5;

    private static readonly JsonSerializerOptions Format = new()
    { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public SortedDictionary<string, string> Texts { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Numbers in their shortest form, with spaces between them.</summary>
    public SortedDictionary<string, string> Numbers { get; init; } = new(StringComparer.Ordinal);

    public static SortedDictionary<string, FixtureFacts> Read(string path) =>
        JsonSerializer.Deserialize<SortedDictionary<string, FixtureFacts>>(File.ReadAllBytes(path))!;

    public static void Write(string path, SortedDictionary<string, FixtureFacts> facts) =>
        File.WriteAllText(path, JsonSerializer.Serialize(facts, Format) + "\n");

    public void Add(string name, IEnumerable<double> numbers) =>
        Numbers[name] = string.Join(' ', numbers.Select(number => number.ToString("R", CultureInfo.InvariantCulture)));

    /// <summary>Asserts that these facts are the expected ones.</summary>
    public void AssertEqual(FixtureFacts expected)
    {
        CollectionAssert.AreEqual(expected.Texts.Keys, Texts.Keys);
        foreach ((string name, string text) in expected.Texts)
            Assert.AreEqual(text, Texts[name], name);
        CollectionAssert.AreEqual(expected.Numbers.Keys, Numbers.Keys);
        foreach ((string name, string text) in expected.Numbers)
        {
            double[] numbers = Parse(text), found = Parse(Numbers[name]);
            Assert.HasCount(numbers.Length, found, name);
            for (int i = 0; i < numbers.Length; i++)
                Assert.AreEqual(numbers[i], found[i], Tolerance * Math.Max(1, Math.Abs(numbers[i])), $"{name}, number {i}");
        }
    }

    private static double[] Parse(string numbers) =>
        [.. numbers.Split(' ').Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
}
