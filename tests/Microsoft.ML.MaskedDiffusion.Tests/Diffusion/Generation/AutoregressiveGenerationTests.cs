using System.Text;
using Microsoft.ML.MaskedDiffusion.Diffusion.Generation;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class AutoregressiveGenerationTests
{
    private static readonly MaskedDiffusionModel Model = TinyAutoregressiveModel.Create();

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    [TestMethod]
    [DataRow("greedy", 0.0)]
    [DataRow("T1", 1.0)]
    [DataRow("greedy_batch2", 0.0)]
    [DataRow("greedy_eos", 0.0)]
    public void TokensAreThoseOfTheReferencesCache(string run, double temperature)
    {
        using SafetensorsReader golden = Golden.Open("rope_bf16", "arm_kvcache.safetensors");
        int[] output = [.. golden.ReadIntegers(run + ".output").Select(id => (int)id)];
        string promptOf = run == "greedy_eos" ? "greedy" : run;
        int[] prompt = [.. golden.ReadIntegers(promptOf + ".prompt").Select(id => (int)id)];
        int batch = run == "greedy_batch2" ? 2 : 1, length = output.Length / batch, promptLength = prompt.Length / batch;
        using TransformerNetwork network = Golden.Tiny(autoregressive: true);
        using INetworkSession session = network.OpenSession();
        var options = new GenerationOptions
        {
            MaxNewTokens = 48 - promptLength, Sampling = new SamplingOptions { Temperature = temperature },
        };
        var plan = new GenerationPlan(options.Clone(), Words(run == "greedy_eos" ? 25 : null, output), 64, 97,
            new GapVocabulary(Words(null, output), 97), null);
        ISamplingDraws? draws = temperature == 0 ? null : new Recorded(golden, run + ".u_gumbel");
        AutoregressiveRow[] rows =
        [
            .. Enumerable.Range(0, batch).Select(row => new AutoregressiveRow(
                plan, session, prompt[(row * promptLength)..((row + 1) * promptLength)], "", 0, draws)),
        ];
        var steps = new GenerationRun(session, plan);
        while (rows.Any(row => !row.IsDone))
            Assert.IsTrue(steps.TryStep([.. rows.Where(row => !row.IsDone)], CancellationToken.None));
        for (int row = 0; row < batch; row++)
        {
            int[] expected = output[(row * length + promptLength)..((row + 1) * length)];
            int[] written = [.. rows[row].Result().Tokens.Select(token => token.Id)];
            CollectionAssert.AreEqual(expected, written, run);
            rows[row].Dispose();
        }
    }

    [TestMethod]
    public void PostponedTokensHaveTheirOwnProbability()
    {
        GeneratedText Text(int[]? postponed) => new TextGenerator(Model, new GenerationOptions
        {
            MaxNewTokens = 6, MinNewTokens = 6, Sampling = new() { Temperature = 0, PostponedTokens = postponed },
        }).Generate("the");
        GeneratedText plain = Text(null), postponed = Text([.. plain.Tokens.Select(token => token.Id).Distinct()]);
        // An autoregressive model has one place to choose at, so that nothing is put off.
        CollectionAssert.AreEqual(plain.Tokens.ToArray(), postponed.Tokens.ToArray());
        Assert.AreEqual(plain.LogProbability, postponed.LogProbability);
        Assert.IsTrue(double.IsFinite(plain.LogProbability));
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(1.0)]
    public void ATextIsWrittenTheSameWhateverIsBesideIt(double guidance)
    {
        string[] prompts = ["the cat", "", "a small bird sang", "one", "the cat"];
        GenerationOptions options = new()
        {
            MaxNewTokens = 9, Sampling = new SamplingOptions { Temperature = 1, GuidanceScale = guidance, TopP = 0.95, Seed = 2 },
        };
        var generator = new TextGenerator(Model, options);
        GeneratedText[] together = generator.Generate(prompts);
        options.Sampling.BatchTokens = 1;
        for (int i = 0; i < prompts.Length; i++)
        {
            GeneratedText alone = new TextGenerator(Model, options).Generate(prompts[i]);
            Assert.AreEqual(alone.Text, together[i].Text);
            CollectionAssert.AreEqual(alone.Tokens.ToArray(), together[i].Tokens.ToArray());
            Assert.DoesNotContain("\uFFFD", alone.Text);
        }
        Assert.AreEqual(together[0].Text, together[4].Text);
    }

    [TestMethod]
    public void ProbabilitiesAreThoseOfTheScorerAmongTheTokensThatMayFollow()
    {
        GenerationOptions options = new()
        {
            MaxNewTokens = 8, MinNewTokens = 8,
            Sampling = new SamplingOptions { Temperature = 1, Seed = 5 }
        };
        GeneratedText text = new TextGenerator(Model, options).Generate("the cat");
        int[] context = [Model.Tokenizer.EndOfSequenceId!.Value, .. Model.Tokenizer.Encode("the cat")];
        var scorer = new AutoregressiveScorer(Model.Network, new LikelihoodOptions());
        var vocabulary = new GapVocabulary(Model.Tokenizer, Model.Config.VocabularySize);
        int[] written = [.. text.Tokens.Select(token => token.Id)];
        for (int i = 0; i < written.Length; i++)
        {
            int[] before = [.. context, .. written[..i]];
            double LogProbability(int id) => scorer.ScoreQuestions([[new LikelihoodRequest(before, [id])]])[0][0].LogLikelihood;
            int[] forbidden = vocabulary.Forbidden(vocabulary.StateAfter(written[..i]), vocabulary.StatesBefore(written.Length - i - 1));
            double allowed = 1 - forbidden.Sum(id => Math.Exp(LogProbability(id)));
            // Probabilities of 32-bit logits.
            Assert.AreEqual(Math.Exp(LogProbability(written[i])) / allowed, text.Tokens[i].Probability, 1e-5, $"token {i}");
        }
    }

    [TestMethod]
    public void SeveralTextsNeedATemperature()
    {
        // A random order is none for a model that writes from left to right.
        var generator = new TextGenerator(
            Model, new GenerationOptions { MaxNewTokens = 4, Sampling = new SamplingOptions { Order = SamplingOrder.Random } });
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => generator.GenerateSamples("the", 2)).Message, "Temperature above 0");
        Assert.HasCount(1, generator.GenerateSamples("the", 1));
    }

    [TestMethod]
    public void TheWindowSlidesWhereBlocksAreAskedFor()
    {
        GenerationOptions options = new()
        {
            MaxNewTokens = 60, MinNewTokens = 60, Sampling = new SamplingOptions { Temperature = 1 },
        };
        Assert.ThrowsExactly<ArgumentException>(() => new TextGenerator(Model, options).Generate("the"));
        options.Sampling.BlockLength = 8;
        GeneratedText text = new TextGenerator(Model, options).Generate("the");
        Assert.AreEqual((60, FinishReason.Length), (text.Tokens.Count, text.FinishReason));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
            new TextGenerator(Model, new GenerationOptions { Sampling = new SamplingOptions { Remasking = Remasking.Cap() } }));
    }

    [TestMethod]
    public void ANegativePromptStaysBeforeTheWindow()
    {
        var options = new GenerationOptions { MaxNewTokens = 60, Sampling = new SamplingOptions { BlockLength = 6 } };
        var plan = new GenerationPlan(options.Clone(), Model.Tokenizer, 16, Model.Config.MaskTokenId,
            new GapVocabulary(Model.Tokenizer, Model.Config.VocabularySize), null);
        int[] prompt = [3, 4, 5], written = [.. Enumerable.Range(0, 60).Select(i => 6 + i % 20)];
        using INetworkSession session = Model.Network.OpenSession();
        foreach (int kept in new[] { 0, 3 })
        {
            using var branch = new AutoregressiveBranch(prompt, kept, plan);
            var seen = new List<int>();
            for (int count = 0; count < written.Length; count++)
            {
                SequencePart part = branch.Next(session, written[..count]);
                if (part.Positions.Span[0] == 0)
                    seen.Clear();
                Assert.AreEqual(seen.Count, part.Positions.Span[0]);
                seen.AddRange(part.Tokens.ToArray());
                Limit.AtMost(16, seen.Count);
                int[] all = [.. prompt, .. written[..count]];
                int[] expected = [.. all[..kept], .. all[^(seen.Count - kept)..]];
                CollectionAssert.AreEqual(expected, seen.ToArray(), $"{kept} kept, {count} written");
                Assert.AreEqual(kept > 0 || seen.Count > count, branch.SeesPrompt);
            }
        }
    }

    [TestMethod]
    public void GuidanceEndsWhereNothingOfThePromptIsSeen()
    {
        GeneratedText Text(string? negative) => new TextGenerator(Model, new GenerationOptions
        {
            MaxNewTokens = 60, MinNewTokens = 60, NegativePrompt = negative,
            Sampling = new SamplingOptions { Temperature = 1, GuidanceScale = 1, BlockLength = 8 },
        }).Generate("the");
        Assert.AreEqual(120, Text("a").NetworkRowCount, "the negative prompt stays in sight");
        int rows = Text(null).NetworkRowCount;
        Assert.IsTrue(rows is > 60 + 8 and < 120, $"{rows} rows: two a token as long as the window has something of the prompt");
    }

    // A vocabulary of 97 words, whose special tokens are ids that the runs do not write.
    private static TextTokenizer Words(int? end, int[] used)
    {
        int[] free = [.. Enumerable.Range(0, 97).Except(used).Where(id => id != 25).Take(5)];
        string[] special = ["[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]"];
        string[] words = [.. Enumerable.Range(0, 97).Select(id => Array.IndexOf(free, id) is >= 0 and { } at ? special[at] : "w" + id)];
        var files = new Dictionary<string, byte[]> { ["vocab.txt"] = Encoding.UTF8.GetBytes(string.Join('\n', words)) };
        files["special_tokens_map.json"] =
            Encoding.UTF8.GetBytes($$"""{"eos_token": "{{(end is null ? "[SEP]" : words[end.Value])}}", "unk_token": "[UNK]"}""");
        return TextTokenizer.FromFiles(files);
    }

    private sealed class Recorded(SafetensorsReader golden, string name) : ISamplingDraws
    {
        private readonly double[] _values = Golden.Doubles(golden, name);

        public double OfPosition(int step, int position) => 0;

        public void OfTokens(int step, int position, Span<double> destination) =>
            _values.AsSpan(step * destination.Length, destination.Length).CopyTo(destination);
    }
}
