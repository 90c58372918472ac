namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Where texts end: at an end of sequence, at further tokens, at stop strings.</summary>
[TestClass]
public sealed class TextEndTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create(7);

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    [TestMethod]
    public void ATextEndsAtAnyOfItsEndTokens()
    {
        int[] ends = [.. Model.Tokenizer.Encode("the cat sat on a mat").Distinct()];
        GenerationOptions options = TextGeneratorTests.Options(12);
        options.EndTokens = ends;
        int ended = 0;
        foreach (GeneratedText text in new TextGenerator(Model, options).Generate(
            [.. Enumerable.Range(0, 40).Select(i => $"the {i}")]))
        {
            int[] ids = [.. text.Tokens.Select(token => token.Id)];
            Assert.IsFalse(ids.SkipLast(1).Any(id => ends.Contains(id) || id == Model.Tokenizer.EndOfSequenceId), "nothing follows an end");
            bool isEnd = ids.Length > 0 && ends.Contains(ids[^1]);
            if (!isEnd)
                continue;
            ended++;
            Assert.AreEqual(FinishReason.EndOfText, text.FinishReason);
            Assert.AreEqual("", text.Tokens[^1].Text, "an end is not shown");
        }
        Assert.IsGreaterThan(0, ended, "random weights write one of several tokens in twelve sooner or later");
    }

    [TestMethod]
    public void TheTextEndsWhereItsEndIsWritten()
    {
        int end = Model.Tokenizer.EndOfSequenceId!.Value;
        GenerationOptions options = TextGeneratorTests.Options(16);
        options.Sampling.TokenBias = new Dictionary<int, double> { [end] = 8 };
        GeneratedText[] texts = new TextGenerator(Model, options).GenerateSamples("the", 20);
        Assert.IsTrue(texts.Any(text => text.FinishReason == FinishReason.EndOfText));
        foreach (GeneratedText text in texts.Where(text => text.FinishReason == FinishReason.EndOfText))
        {
            Assert.AreEqual(end, text.Tokens[^1].Id);
            Assert.AreEqual(1, text.Tokens.Count(token => token.Id == end), "nothing follows the end");
            Limit.Below(16, text.StepCount, "what follows is not computed");
        }
        options.MinNewTokens = 10;
        Assert.IsTrue(new TextGenerator(Model, options).GenerateSamples("the", 20).All(text => text.Tokens.Count > 10));
        options.MinNewTokens = 0;
        options.EndOfTextPenalty = 100;
        Assert.IsTrue(new TextGenerator(Model, options).GenerateSamples("the", 20).All(text => text.FinishReason == FinishReason.Length));
    }

    [TestMethod]
    public void ThePenaltyOnTheEndActsOnTheOrderToo()
    {
        // Without the penalty the end of the text is the most confident choice everywhere, so it is chosen first.
        int end = Model.Tokenizer.EndOfSequenceId!.Value;
        SamplingOptions sampling = new() { TokenBias = new Dictionary<int, double> { [end] = 6 } };
        GeneratedText without = new TextGenerator(Model, new() { MaxNewTokens = 12, Sampling = sampling }).Generate("the cat");
        GeneratedText with =
            new TextGenerator(Model, new() { MaxNewTokens = 12, Sampling = sampling, EndOfTextPenalty = 6 }).Generate("the cat");
        SamplingOptions plain = new();
        GeneratedText unbiased = new TextGenerator(Model, new() { MaxNewTokens = 12, Sampling = plain }).Generate("the cat");
        Assert.AreEqual(FinishReason.EndOfText, without.FinishReason);
        CollectionAssert.AreEqual(
            unbiased.Tokens.Select(token => (token.Id, token.Step)).ToArray(),
            with.Tokens.Select(token => (token.Id, token.Step)).ToArray());
    }

    [TestMethod]
    public void StopStringsCutBeforeTheirFirstPlaceWhateverTheTokens()
    {
        foreach (SamplingOrder order in new[] { SamplingOrder.Random, SamplingOrder.LeftToRight, SamplingOrder.Confidence })
        {
            GenerationOptions options = TextGeneratorTests.Options(20);
            options.Sampling.BlockLength = 8;
            options.Sampling.Order = order;
            string whole = new TextGenerator(Model, options).Generate("the cat").Text;
            for (int from = 0; from + 3 <= whole.Length; from += 2)
            {
                string stop = whole.Substring(from, 3);
                if (stop.Any(char.IsSurrogate))
                    continue;
                options.StopStrings = ["never written", stop + whole[(from + 3)..][..Math.Min(1, whole.Length - from - 3)], stop];
                GeneratedText cut = new TextGenerator(Model, options).Generate("the cat");
                Assert.AreEqual(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], cut.Text, $"'{stop}' in '{whole}'");
                Assert.AreEqual(FinishReason.StopString, cut.FinishReason);
            }
        }
    }

    [TestMethod]
    public async Task AStreamNeverShowsTheBeginningOfAStopString()
    {
        GenerationOptions options = TextGeneratorTests.Options(20);
        options.Sampling.Order = SamplingOrder.LeftToRight;
        options.Sampling.BlockLength = 20;
        string whole = new TextGenerator(Model, options).Generate("the cat").Text;
        string stop = whole.Substring(whole.Length / 2, 4);
        options.StopStrings = [stop];
        string shown = "";
        await foreach (GenerationState state in new TextGenerator(Model, options).StreamAsync("the cat"))
        {
            Assert.IsTrue(state.Text.StartsWith(shown, StringComparison.Ordinal), "what was shown stays");
            shown = state.Text;
        }
        Assert.AreEqual(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], shown);
    }
}
