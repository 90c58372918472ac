using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Ids and decoded texts of tokenizer.json are those of Hugging Face's Rust library, on two thousand strings a kind.</summary>
[TestClass]
public sealed class HuggingFaceOracleTests
{
    private readonly TemporaryFolder _folder = new();

    public static IEnumerable<object[]> Kinds => TokenizerJson.Kinds.Keys.Select(kind => new object[] { kind });

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void IdsAreThoseOfTheRustLibrary(string kind)
    {
        (TextTokenizer tokenizer, global::Tokenizers.DotNet.Tokenizer oracle) = Read(kind);
        string[] texts = NastyTexts.Create(7, 2000);
        var wrong = new List<string>();
        foreach (string text in texts)
        {
            int[] expected = [.. oracle.Encode(text).Select(id => (int)id)];
            int[] ids = tokenizer.Encode(text);
            if (!ids.SequenceEqual(expected))
                wrong.Add($"{Shown(text)} is [{string.Join(' ', expected.Take(40))}], not [{string.Join(' ', ids.Take(40))}]");
            else if (expected.Length > 0 && oracle.Decode([.. expected.Select(id => (uint)id)]) is { } decoded
                && tokenizer.Decode(ids) != decoded)
                wrong.Add($"{Shown(text)} decodes to {Shown(decoded)}, not {Shown(tokenizer.Decode(ids))}");
        }
        Assert.IsEmpty(wrong, $"{kind}: {wrong.Count} of {texts.Length} differ:\n{string.Join('\n', wrong.Take(25))}");
    }

    [TestMethod]
    [DataRow(5)]
    [DataRow(15)]
    [DataRow(17)]
    [DataRow(25)]
    public void UnigramSumsThatAreEqualButForRoundingAreDecidedAsInTheRustLibrary(int digits)
    {
        var random = new Random(2);
        var wrong = new List<string>();
        string[] texts = ["...", "a...", "aa...", "aaa...", "a.....", "\u4E2D...", "\u4E2Da...", "a...a...", "\u4E2D\u4E2D....."];
        for (int model = 0; model < 100; model++)
        {
            // Digits beyond those of a double count too, as they are read.
            string Score() => $"-{random.Next(1, 12)}." + string.Concat(Enumerable.Range(0, digits).Select(_ => random.Next(10)));
            string json = $$"""
                {"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["a",{{Score()}}],[".",{{Score()}}],["..",{{Score()}}]]}
                """;
            (TextTokenizer tokenizer, global::Tokenizers.DotNet.Tokenizer oracle) = ReadFile(TokenizerJson.File(json));
            wrong.AddRange(texts.Where(text => !tokenizer.Encode(text).SequenceEqual(oracle.Encode(text).Select(id => (int)id)))
                .Select(text => $"{text} with {json}"));
        }
        Assert.IsEmpty(wrong, $"{wrong.Count} differ:\n{string.Join('\n', wrong.Take(5))}");
    }

    // A part of the characters; all were compared when the tables were made.
    [TestMethod]
    [DataRow("gpt2")]
    [DataRow("qwen2 and dream")]
    [DataRow("bert uncased")]
    [DataRow("no accents")]
    [DataRow("clip")]
    public void CharactersAreOfTheClassesOfTheRustLibrary(string kind)
    {
        (TextTokenizer tokenizer, global::Tokenizers.DotNet.Tokenizer oracle) = Read(kind);
        var wrong = new List<string>();
        for (int value = 3; value < 0x20000; value += value < 0x3400 ? 3 : 29)
        {
            if (value is >= 0xD800 and <= 0xDFFF)
                continue;
            string character = char.ConvertFromUtf32(value);
            string text = $"a{character}b's {character}{character} {character}1\u0301{character}";
            if (!tokenizer.Encode(text).SequenceEqual(oracle.Encode(text).Select(id => (int)id)))
                wrong.Add($"U+{value:X4}");
        }
        Assert.IsEmpty(wrong, $"{kind}: {string.Join(' ', wrong.Take(50))}");
    }

    // The same file, read by both. The package of the Rust library has it for Linux on x64 only.
    private (TextTokenizer Ours, global::Tokenizers.DotNet.Tokenizer Oracle) Read(string kind) => ReadFile(TokenizerJson.Kinds[kind]());

    private (TextTokenizer Ours, global::Tokenizers.DotNet.Tokenizer Oracle) ReadFile(string content)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            Assert.Inconclusive("The Rust library is there for Linux on x64 only.");
        string path = _folder.File("tokenizer.json");
        File.WriteAllText(path, content);
        return (TextTokenizer.FromFile(path), new global::Tokenizers.DotNet.Tokenizer(path));
    }

    private static string Shown(string text) => string.Concat(text.Take(60).Select(unit =>
        unit is > ' ' and < '\u007F' || char.IsLetter(unit) ? unit.ToString() : unit == ' ' ? "·" : $"\\u{(int)unit:X4}"));
}
