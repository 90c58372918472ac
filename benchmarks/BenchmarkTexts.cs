using System.Text;
using Microsoft.ML.MaskedDiffusion.Diffusion.Generation;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>Writes texts of a fixed length after random prompts, in a vocabulary of made-up words; and texts after given prompts.</summary>
internal static class BenchmarkTexts
{
    private static readonly Dictionary<int, (TextTokenizer Tokenizer, GapVocabulary Vocabulary)> Words = [];

    /// <summary>Writes <paramref name="batch"/> texts together.</summary>
    public static GeneratedText[] Write(
        INetworkSession session, TransformerConfig config, SamplingOptions sampling, int batch, int promptLength, int tokens)
    {
        (TextTokenizer tokenizer, GapVocabulary vocabulary) = VocabularyOf(config.VocabularySize);
        var options = new GenerationOptions { MaxNewTokens = tokens, MinNewTokens = tokens, Sampling = sampling };
        var plan = new GenerationPlan(options.Clone(), tokenizer, config.ContextLength, config.MaskTokenId, vocabulary, null);
        var random = new Random(1);
        return Write(session, config, plan,
        [
            .. Enumerable.Range(0, batch).Select(
                _ => (int[])[.. Enumerable.Range(0, promptLength).Select(_ => random.Next(5, config.VocabularySize))]),
        ]);
    }

    /// <summary>Writes a text after each prompt, all together. Equal prompts get different texts.</summary>
    /// <param name="session">The network.</param>
    /// <param name="config">Its shape.</param>
    /// <param name="plan">How to write.</param>
    /// <param name="prompts">The ids of the prompts, with the beginning of the text.</param>
    /// <param name="first">The number of the first text; each number has draws of its own.</param>
    public static GeneratedText[] Write(
        INetworkSession session, TransformerConfig config, GenerationPlan plan, IReadOnlyList<int[]> prompts, int first = 0)
    {
        IGeneratingRow[] rows =
        [
            .. prompts.Select((prompt, number) => config.Autoregressive
                ? new AutoregressiveRow(plan, session, prompt, "", first + number)
                : (IGeneratingRow)new GeneratingRow(plan, prompt, "", first + number)),
        ];
        var run = new GenerationRun(session, plan);
        for (IGeneratingRow[] active = rows; active.Length > 0; active = [.. active.Where(row => !row.IsDone)])
            run.TryStep(active, CancellationToken.None);
        GeneratedText[] texts = [.. rows.Select(row => row.Result())];
        foreach (IGeneratingRow row in rows)
            row.Dispose();
        return texts;
    }

    /// <summary>The tokenizer of the made-up words: "w5", "w6" and so on have the ids 5, 6 and so on.</summary>
    public static TextTokenizer TokenizerOf(int size) => VocabularyOf(size).Tokenizer;

    private static (TextTokenizer Tokenizer, GapVocabulary Vocabulary) VocabularyOf(int size)
    {
        if (!Words.TryGetValue(size, out (TextTokenizer, GapVocabulary) made))
        {
            string[] special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
            IEnumerable<string> words = special.Concat(Enumerable.Range(special.Length, size - special.Length).Select(id => "w" + id));
            TextTokenizer tokenizer = TextTokenizer.FromFiles(
                new Dictionary<string, byte[]> { ["vocab.txt"] = Encoding.UTF8.GetBytes(string.Join('\n', words)) });
            Words.Add(size, made = (tokenizer, new GapVocabulary(tokenizer, size)));
        }
        return made;
    }
}
