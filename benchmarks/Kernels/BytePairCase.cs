using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BenchmarkDotNet.Attributes;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Kernels;

/// <summary>
/// Byte-pair encoding of 100 kB of made-up words with 2,000 tokens. The merges are Microsoft.ML.Tokenizers' in both; what differs is how a
/// text is cut into words before: by GPT-2's regular expression, or by this library's scanner of the same rule.
/// </summary>
public partial class BytePairCase
{
    private readonly string _text = Text(100_000);
    private readonly TextTokenizer _ours;
    private readonly BpeTokenizer _package;

    /// <summary>Trains the tokenizer.</summary>
    /// <exception cref="InvalidOperationException">The two give different ids.</exception>
    public BytePairCase()
    {
        _ours = TokenizerSource.TrainBytePairEncoding(2000).Resolve(() => [_text], null, CancellationToken.None);
        Dictionary<string, int> vocabulary = JsonSerializer.Deserialize<Dictionary<string, int>>(_ours.Files["vocab.json"])!;
        string[] merges = Encoding.UTF8.GetString(_ours.Files["merges.txt"]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        _package = BpeTokenizer.Create(new BpeOptions(vocabulary)
        {
            Merges = merges.Where(merge => !merge.StartsWith('#')),
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(Words(), null),
        });
        if (!Package().SequenceEqual(Ours()))
            throw new InvalidOperationException("The two tokenizers give different ids, so their speeds cannot be compared.");
    }

    /// <summary>The package's tokenizer with a regular expression.</summary>
    [Benchmark(Baseline = true)]
    public IReadOnlyList<int> Package() => _package.EncodeToIds(_text);

    /// <summary>This library's tokenizer.</summary>
    [Benchmark]
    public IReadOnlyList<int> Ours() => _ours.Encode(_text);

    private static string Text(int length)
    {
        string[] syllables = ["ta", "ri", "mon", "el", "ka", "sun", "de", "lo", "vin", "es", "pra", "ti"];
        var random = new Random(1);
        var text = new StringBuilder();
        while (text.Length < length)
        {
            for (int syllable = random.Next(1, 4); syllable > 0; syllable--)
                text.Append(syllables[random.Next(syllables.Length)]);
            text.Append(random.Next(8) == 0 ? ". " : " ");
        }
        return text.ToString();
    }

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Words();
}
