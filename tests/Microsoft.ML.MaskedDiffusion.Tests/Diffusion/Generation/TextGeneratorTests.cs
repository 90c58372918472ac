namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TextGeneratorTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create(7);

    private static readonly string[] Prompts =
        ["the cat sat", "", "a small bird ", "one two three", "the 🙂", "[MASK]", "one two three"];

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(3)]
    [DataRow(4)]
    [DataRow(5)]
    [DataRow(13)]
    public void NeverMoreTokensThanAskedFor(int count)
    {
        foreach (int? block in new int?[] { null, 4 })
        {
            GenerationOptions options = Options(count);
            options.Sampling.BlockLength = block;
            options.MinNewTokens = count;
            foreach (GeneratedText text in new TextGenerator(Model, options).Generate(Prompts))
            {
                Assert.AreEqual(count, text.Tokens.Count, "the end of the text is forbidden until then");
                Assert.AreEqual(FinishReason.Length, text.FinishReason);
                Assert.DoesNotContain("\uFFFD", text.Text);
            }
        }
    }

    [TestMethod]
    public void ThePromptMayReachTheWindowsLimit()
    {
        int start = new TextGenerator(Model, Options(0)).Generate("").PromptTokenCount;
        string prompt = string.Concat(Enumerable.Repeat("7", TinyModel.ContextLength - start - 2));
        Assert.AreEqual(2, new TextGenerator(Model, Options(2, minimum: 2)).Generate(prompt).Tokens.Count);
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => new TextGenerator(Model, Options(3)).Generate(prompt)).Message, "BlockLength");
        GenerationOptions skipping = Options(3);
        skipping.InvalidRows = InvalidRows.Skip;
        GeneratedText[] texts = new TextGenerator(Model, skipping).Generate([prompt, "the"]);
        Assert.AreEqual((FinishReason.InvalidPrompt, double.NaN), (texts[0].FinishReason, texts[0].LogProbability));
        Assert.AreNotEqual(FinishReason.InvalidPrompt, texts[1].FinishReason);
    }

    [TestMethod]
    [DataRow(40, 4)]
    [DataRow(41, 4)]
    [DataRow(70, 23)]
    public void InBlocksTheWindowSlidesOverTextsLongerThanTheContext(int count, int block)
    {
        GenerationOptions options = Options(count, minimum: count);
        options.Sampling.BlockLength = block;
        foreach (GeneratedText text in new TextGenerator(Model, options).Generate([.. Prompts, string.Concat(Enumerable.Repeat("9", 60))]))
        {
            Assert.AreEqual(count, text.Tokens.Count);
            Assert.DoesNotContain("\uFFFD", text.Text);
            Assert.IsTrue(double.IsFinite(text.LogProbability));
        }
    }

    public static IEnumerable<object[]> Samplers()
    {
        foreach ((string name, SamplingOptions sampling) in Presets())
            yield return [name, sampling];
    }

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void ATextIsWrittenTheSameWhateverIsBesideIt(string name, SamplingOptions sampling)
    {
        GenerationOptions options = new() { MaxNewTokens = 12, Sampling = sampling };
        var generator = new TextGenerator(Model, options);
        GeneratedText[] together = generator.Generate(Prompts);
        sampling.BatchTokens = 1;
        GeneratedText[] apart = [.. Prompts.Reverse().Select(prompt => new TextGenerator(Model, options).Generate(prompt)).Reverse()];
        string[] many = [.. Enumerable.Range(0, 64).Select(i => i < Prompts.Length ? Prompts[i] : $"the {i}")];
        GeneratedText[] among = generator.Generate(many);
        for (int i = 0; i < Prompts.Length; i++)
        {
            RequireSame(together[i], apart[i], name);
            RequireSame(together[i], among[i], name);
        }
        RequireSame(together[3], together[6], "equal prompts");
        Parallel.For(0, 3, _ => RequireSame(together[0], generator.Generate(Prompts)[0], name));
    }

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public async Task TheStreamsLastStateIsTheResult(string name, SamplingOptions sampling)
    {
        GenerationOptions options = new() { MaxNewTokens = 12, Sampling = sampling };
        var generator = new TextGenerator(Model, options);
        GeneratedText expected = generator.Generate(Prompts[2]);
        GenerationState? last = null;
        GeneratedToken[] seen = [];
        await foreach (GenerationState state in generator.StreamAsync(Prompts[2]))
        {
            Assert.IsNull(last?.Result, "only the last state has a result");
            Assert.DoesNotContain("\uFFFD", state.Text);
            // The changes of all steps make the state.
            GeneratedToken[] now = [.. state.Tokens];
            for (int i = 0; i < now.Length; i++)
            {
                bool isNew = i < seen.Length ? seen[i] != now[i] : !now[i].IsMasked;
                if (last is not null && i < seen.Length)
                    Assert.AreEqual(isNew, state.Changed.Contains(i), $"{name}: position {i} in step {state.Step}");
            }
            (last, seen) = (state, now);
        }
        RequireSame(expected, last!.Result!, name);
        Assert.AreEqual(expected.Text, last.Text);
    }

    [TestMethod]
    public async Task AStreamIsWrittenAnewByEachEnumeration()
    {
        SamplingOptions sampling = new() { BlockLength = 4, Cache = SamplingCache.Prefix };
        IAsyncEnumerable<GenerationState> states = new TextGenerator(
            Model, new GenerationOptions { MaxNewTokens = 12, Sampling = sampling }).StreamAsync("the");
        // Broken off, as a whole, and two in turns.
        await foreach (GenerationState state in states)
        {
            if (state.Step == 2)
                break;
        }
        List<string> first = [], second = [], third = [];
        await foreach (GenerationState state in states)
            first.Add(state.Text);
        await using IAsyncEnumerator<GenerationState> one = states.GetAsyncEnumerator(), other = states.GetAsyncEnumerator();
        while (await one.MoveNextAsync() & await other.MoveNextAsync())
        {
            second.Add(one.Current.Text);
            third.Add(other.Current.Text);
        }
        Assert.IsGreaterThan(3, first.Count);
        CollectionAssert.AreEqual(first, second);
        CollectionAssert.AreEqual(first, third);
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow(4)]
    public void MoreStepsThanThereCanBeAreAsManyAsThereAre(int? block)
    {
        GeneratedText[] texts =
        [
            .. new[] { 12, int.MaxValue }.Select(steps => new TextGenerator(Model, new GenerationOptions
            {
                MaxNewTokens = 12, MinNewTokens = 12, Sampling = new() { Steps = steps, BlockLength = block, Seed = 5 },
            }).Generate("the")),
        ];
        Assert.AreEqual(12, texts[1].StepCount);
        Assert.AreEqual(texts[0].Text, texts[1].Text);
    }

    [TestMethod]
    public void PathPlanningMasksAgainInARandomOrderToo()
    {
        GenerationOptions Options(Remasking remasking) => new()
        {
            MaxNewTokens = 20, MinNewTokens = 20, Sampling = new() { Temperature = 1, Remasking = remasking, Steps = 20, Seed = 3 },
        };
        GeneratedText plain = new TextGenerator(Model, Options(Remasking.None)).Generate("the");
        GeneratedText planned = new TextGenerator(Model, Options(Remasking.PathPlanning(null, 0.2))).Generate("the");
        Assert.IsTrue(planned.Tokens.Any(token => token.TimesMasked > 0), "tokens are masked again");
        Assert.IsFalse(plain.Tokens.Any(token => token.TimesMasked > 0));
    }

    [TestMethod]
    public void ProgressCountsTheTokensThatStand()
    {
        int end = Model.Tokenizer.EndOfSequenceId!.Value;
        GenerationOptions options = Options(12);
        options.Sampling.TokenBias = new Dictionary<int, double> { [end] = 1000 };
        var progress = new Collected<GenerationProgress>();
        GeneratedText[] texts = new TextGenerator(Model, options).Generate(["the"], CancellationToken.None, progress);
        Assert.AreEqual(FinishReason.EndOfText, texts[0].FinishReason);
        long[] counts = [.. progress.Reports.Select(report => report.TokenCount)];
        // Each step fills one token: the first is the end of the text, behind which nothing is written.
        for (int i = 0; i < counts.Length; i++)
            Limit.AtMost(i + 1, counts[i]);
        Assert.AreEqual(texts[0].Tokens.Count, counts[^1]);
    }

    [TestMethod]
    public async Task CancellationReturnsWhatIsWritten()
    {
        using var source = new CancellationTokenSource();
        GenerationOptions options = Options(12, minimum: 12);
        var generator = new TextGenerator(Model, options);
        var progress = new Collected<GenerationProgress>(report =>
        {
            if (report.TokenCount >= 6)
                source.Cancel();
        });
        GeneratedText[] texts = generator.Generate(["the", "a"], source.Token, progress);
        Assert.IsTrue(texts.All(text => text.FinishReason == FinishReason.Cancelled && text.Tokens.All(token => !token.IsMasked)));
        Assert.IsTrue(generator.Generate(["the"], new CancellationToken(canceled: true))[0].FinishReason == FinishReason.Cancelled);
        using var other = new CancellationTokenSource();
        GenerationState? last = null;
        await foreach (GenerationState state in generator.StreamAsync("the", other.Token))
        {
            last = state;
            if (state.Step == 3)
                other.Cancel();
        }
        Assert.AreEqual(FinishReason.Cancelled, last!.Result!.FinishReason);
        Assert.AreEqual(last.Text, last.Result.Text);
    }

    [TestMethod]
    public void ASpaceAtThePromptsEndIsTheWordsSpace()
    {
        GeneratedText with = new TextGenerator(Model, Options(8)).Generate("the cat "),
            without = new TextGenerator(Model, Options(8)).Generate("the cat");
        Assert.AreEqual("the cat" + without.Text, without.Text.StartsWith(' ') ? "the cat " + with.Text : "the cat" + with.Text);
    }

    [TestMethod]
    public void BadOptionsAreRefusedByName()
    {
        void Refused<T>(Action<GenerationOptions> change, string name)
            where T : ArgumentException
        {
            GenerationOptions options = Options(4);
            change(options);
            StringAssert.Contains(Assert.ThrowsExactly<T>(() => new TextGenerator(Model, options)).ParamName, name);
        }

        Refused<ArgumentOutOfRangeException>(options => options.MaxNewTokens = -1, "MaxNewTokens");
        Refused<ArgumentOutOfRangeException>(options => options.MinNewTokens = 5, "MinNewTokens");
        Refused<ArgumentOutOfRangeException>(options => options.EndTokens = [-1], "EndTokens");
        Refused<ArgumentOutOfRangeException>(options => options.EndTokens = [Model.Config.MaskTokenId], "EndTokens");
        Refused<ArgumentOutOfRangeException>(options => options.EndOfTextPenalty = double.NaN, "EndOfTextPenalty");
        Refused<ArgumentOutOfRangeException>(options => options.EndTokens = [-1], "EndTokens");
        Refused<ArgumentOutOfRangeException>(options => options.EndTokens = [Model.Config.MaskTokenId], "EndTokens");
        Refused<ArgumentOutOfRangeException>(options => options.StopStrings = ["a", ""], "StopStrings[1]");
        Refused<ArgumentNullException>(options => options.StopStrings = null!, "StopStrings");
        Refused<ArgumentOutOfRangeException>(options => options.Sampling.Steps = 0, "Steps");
        Refused<ArgumentOutOfRangeException>(options => options.Sampling.Temperature = double.NaN, "Temperature");
        Refused<ArgumentOutOfRangeException>(options => options.Sampling.TopK = 1_000_000, "TopK");
        Refused<ArgumentOutOfRangeException>(options => options.Sampling.BlockLength = 0, "BlockLength");
        Refused<ArgumentOutOfRangeException>(options => options.Sampling.BlockLength = TinyModel.ContextLength, "BlockLength");
    }

    [TestMethod]
    public void ANegativePromptLeadsAwayFromWhatFollowsIt()
    {
        // With logits u + (1 + w) (c - u), the prompt itself as the negative prompt changes nothing, whatever the strength.
        GenerationOptions options = Options(12);
        string plain = new TextGenerator(Model, options).Generate("the cat").Text;
        options.Sampling.GuidanceScale = 2;
        options.NegativePrompt = "the cat";
        Assert.AreEqual(plain, new TextGenerator(Model, options).Generate("the cat").Text);
        options.NegativePrompt = "a bird by the river";
        GeneratedText away = new TextGenerator(Model, options).Generate("the cat");
        Assert.AreNotEqual(plain, away.Text);
        Assert.AreEqual(2 * away.StepCount, away.NetworkRowCount);
        options.Sampling.BlockLength = 5;
        options.MaxNewTokens = options.MinNewTokens = 40;
        Assert.AreEqual(40, new TextGenerator(Model, options).Generate("the cat").Tokens.Count);
        options.Sampling.GuidanceScale = 0;
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TextGenerator(Model, options));
    }

    [TestMethod]
    [DataRow("Prefix")]
    [DataRow("Dual")]
    [DataRow("Delayed(2)")]
    public void ACacheThatIsRefreshedInEveryStepChangesNothing(string cache)
    {
        // A block of one token has only first steps, in which everything is computed; a delayed cache is left with its changed positions.
        GenerationOptions options = Options(12);
        options.Sampling.BlockLength = 1;
        GeneratedText exact = new TextGenerator(Model, options).Generate("the cat");
        options.Sampling.Cache = SamplingCache.FromName(cache);
        GeneratedText kept = new TextGenerator(Model, options).Generate("the cat");
        if (cache != "Delayed(2)")
            Assert.AreEqual(exact.Text, kept.Text);
        options.Sampling.Cache = new Everything();
        RequireSame(exact, new TextGenerator(Model, options).Generate("the cat"), cache);
        options.Sampling.Cache = new Nothing();
        Assert.ThrowsExactly<InvalidOperationException>(() => new TextGenerator(Model, options).Generate("the cat"));
    }

    private sealed class Everything() : SamplingCache("Everything")
    {
        public override IReadOnlyList<int>? Positions(CacheStep step) => [.. Enumerable.Range(0, step.Length)];
    }

    private sealed class Nothing() : SamplingCache("Nothing")
    {
        public override IReadOnlyList<int>? Positions(CacheStep step) => [];
    }

    [TestMethod]
    public void SeveralTextsNeedSomethingThatIsDrawn()
    {
        foreach (SamplingOptions sampling in new SamplingOptions[]
        {
            new(), new() { Order = SamplingOrder.LeftToRight, TokensPerStep = TokensPerStep.Threshold(0.1) },
            new() { Remasking = Remasking.Revision(0.02) }, new() { Remasking = Remasking.DraftAndVerify(0.05) },
            new() { Remasking = Remasking.PathPlanning(), Steps = 3 }, new() { SelfCorrectionSteps = 1, SelfCorrectionTemperature = 0 },
        })
        {
            var generator = new TextGenerator(Model, new GenerationOptions { MaxNewTokens = 6, Sampling = sampling });
            ArgumentOutOfRangeException error =
                Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => generator.GenerateSamples("the", 2));
            Assert.AreEqual("count", error.ParamName);
            StringAssert.StartsWith(error.Message,
                "count is 2; it must be 1 where nothing is drawn, because all results would be the same: set SamplingOptions.Temperature "
                + "above 0.");
            Assert.AreEqual(generator.Generate("the").Text, generator.GenerateSamples("the", 1).Single().Text);
        }
        foreach (SamplingOptions sampling in new SamplingOptions[]
        {
            new() { Temperature = 0.1 }, new() { Order = SamplingOrder.Random }, new() { TokensPerStep = TokensPerStep.Ancestral() },
            new() { Remasking = Remasking.Cap(0.3) }, new() { SelfCorrectionSteps = 1 },
        })
        {
            var generator = new TextGenerator(Model, new GenerationOptions { MaxNewTokens = 6, Sampling = sampling });
            Assert.HasCount(2, generator.GenerateSamples("the", 2));
        }
    }

    [TestMethod]
    public void ANegativePromptIsReadAsAPrompt()
    {
        // The space at the end is left out, and texts stand for tokens, in both: then the two branches are the same.
        GenerationOptions options = Options(8);
        options.PromptTokens = new Dictionary<string, int> { ["<end>"] = Model.Tokenizer.EndOfSequenceId!.Value };
        const string prompt = "the<end>cat ";
        string plain = new TextGenerator(Model, options).Generate(prompt).Text;
        options.Sampling.GuidanceScale = 2;
        options.NegativePrompt = prompt;
        Assert.AreEqual(plain, new TextGenerator(Model, options).Generate(prompt).Text);
    }

    [TestMethod]
    public void ANegativePromptThatLeavesNoRoomIsRefusedByItsName()
    {
        GenerationOptions options = Options(8);
        options.Sampling.GuidanceScale = 2;
        options.InvalidRows = InvalidRows.Skip;
        options.NegativePrompt = new string('z', TinyModel.ContextLength);
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TextGenerator(Model, options));
        Assert.AreEqual("NegativePrompt", error.ParamName);
        StringAssert.Contains(error.Message, "at most 16 tokens: the model's context of 24 less MaxNewTokens 8.");

        options.Sampling.BlockLength = 8;
        error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TextGenerator(Model, options));
        StringAssert.Contains(error.Message, "Sampling.BlockLength is 8");
        options.NegativePrompt = null;
        options.Sampling.BlockLength = TinyModel.ContextLength;
        error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TextGenerator(Model, options));
        StringAssert.Contains(error.Message, "1 to 23: the model's context of 24 tokens less one before a block");
    }

    /// <summary>In the sliding window, too, the shares between which guidance acts are those of the whole text.</summary>
    [TestMethod]
    [DataRow(1.0, 0.8, 8)]
    [DataRow(0.95, 0.9, 2)]
    [DataRow(1.0, 0.9, 4)]
    public void GuidanceOfALongTextActsInAPartOfTheWholeText(double start, double end, int guided)
    {
        const int Length = 40;
        GenerationOptions options = Options(Length, minimum: Length);
        (options.Sampling.Steps, options.Sampling.BlockLength, options.Sampling.GuidanceScale) = (Length, 8, 1);
        (options.Sampling.GuidanceStart, options.Sampling.GuidanceEnd) = (start, end);
        GeneratedText text = new TextGenerator(Model, options).Generate("the cat sat");
        Assert.AreEqual((Length, Length + guided), (text.StepCount, text.NetworkRowCount));
    }

    [TestMethod]
    public void GuidanceCostsNothingWhereItDoesNotAct()
    {
        GenerationOptions options = Options(10, minimum: 10);
        options.Sampling.GuidanceScale = 1;
        options.Sampling.GuidanceEnd = 0.5;
        GeneratedText late = new TextGenerator(Model, options).Generate("the cat");
        Assert.AreEqual((10, 15), (late.StepCount, late.NetworkRowCount), "it acts while more than half is masked");
        options.Sampling.GuidanceStart = 0.5;
        GeneratedText never = new TextGenerator(Model, options).Generate("the cat");
        Assert.AreEqual((10, 10), (never.StepCount, never.NetworkRowCount));
        options.Sampling.GuidanceScale = 0;
        Assert.AreEqual(new TextGenerator(Model, options).Generate("the cat").Text, never.Text);
    }

    public static IEnumerable<(string Name, SamplingOptions Sampling)> Presets()
    {
        SamplingOptions With(SamplingOptions options, Action<SamplingOptions> change)
        {
            change(options);
            return options;
        }

        yield return ("Smdm", With(SamplingPresets.Smdm, o => (o.Steps, o.GuidanceScale) = (7, 0.6)));
        yield return ("SmdmGreedy", With(SamplingPresets.SmdmGreedy, o => o.Steps = 7));
        yield return ("LLaDA", With(SamplingPresets.LLaDA, o => (o.Steps, o.BlockLength) = (6, 5)));
        yield return ("Postponed", With(SamplingPresets.DLLM, o =>
            (o.Steps, o.BlockLength, o.PostponedTokens) = (6, 8, [1, 2, 70, 71])));
        yield return ("Dream", With(SamplingPresets.Dream, o => o.Steps = 7));
        yield return ("FastDLLM", With(SamplingPresets.FastDLLM, o =>
            (o.TokensPerStep, o.BlockLength) = (TokensPerStep.Threshold(0.1), 5)));
        yield return ("EntropyBound", With(SamplingPresets.EntropyBound, o => o.TokensPerStep = TokensPerStep.EntropyBound(20)));
        yield return ("ReMDM", With(SamplingPresets.ReMDM, o => (o.Steps, o.Remasking) = (15, Remasking.Cap(0.3))));
        yield return ("Loop", With(SamplingPresets.Smdm, o => (o.Steps, o.Remasking) = (8, Remasking.Loop(0.3, 0.5, 4))));
        yield return ("LeastConfident", With(SamplingPresets.Smdm, o => (o.Steps, o.Remasking) = (8, Remasking.LeastConfident)));
        yield return ("DraftAndVerify", With(SamplingPresets.FastDLLM, o =>
            (o.TokensPerStep, o.BlockLength, o.Remasking, o.Temperature) =
                (TokensPerStep.Threshold(0.02), 6, Remasking.DraftAndVerify(0.05), 1)));
        yield return ("Revision", With(SamplingPresets.Smdm, o => (o.Steps, o.Remasking) = (4, Remasking.Revision(0.02, 2))));
        yield return ("PathPlanning", With(SamplingPresets.SmdmGreedy, o =>
            (o.Steps, o.Remasking, o.Temperature) = (6, Remasking.PathPlanning(null, 0.5), 1)));
        foreach (string cache in new[] { "Prefix", "Dual", "Delayed(3)" })
        {
            yield return (cache, With(SamplingPresets.LLaDA, o => (o.Cache, o.BlockLength) = (SamplingCache.FromName(cache), 4)));
            yield return (cache + " guided", With(SamplingPresets.Smdm, o =>
                (o.Cache, o.Steps, o.GuidanceScale, o.GuidanceStart) = (SamplingCache.FromName(cache), 8, 0.5, 0.7)));
        }
        yield return ("Guided", With(new SamplingOptions { Temperature = 0.7, TopK = 20, MinP = 0.01, RepetitionPenalty = 1.3 },
            o => (o.GuidanceScale, o.GuidanceEnd, o.GuidanceStart) = (1, 0.2, 0.8)));
    }

    /// <summary>Random texts of at most so many tokens, and at least so many.</summary>
    internal static GenerationOptions Options(int count, int minimum = 0) => new()
    {
        MaxNewTokens = count, MinNewTokens = minimum,
        Sampling = new SamplingOptions { Order = SamplingOrder.Random, Temperature = 1, Seed = 4 },
    };

    private static void RequireSame(GeneratedText expected, GeneratedText actual, string what)
    {
        Assert.AreEqual(expected.Text, actual.Text, what);
        CollectionAssert.AreEqual(expected.Tokens.ToArray(), actual.Tokens.ToArray(), what);
        Assert.AreEqual(
            (expected.FinishReason, expected.LogProbability, expected.StepCount, expected.NetworkRowCount),
            (actual.FinishReason, actual.LogProbability, actual.StepCount, actual.NetworkRowCount), what);
    }
}
