using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Block diffusion models from training to writing: what they score, write and save.</summary>
[TestClass]
public sealed class BlockDiffusionTests
{
    private const int Size = 4;

    private static readonly string[] Texts =
        ["the cat sat on the mat", "a small bird sang in the old tree by the river", "the river runs to the sea"];

    private static readonly MaskedDiffusionModel Whole = TinyModel.Create();

    private static readonly MaskedDiffusionModel Blocks = Whole.WithAttentionBlocks(Size);

    private static readonly MaskedDiffusionModel Shifted = CreateShifted();

    [ClassCleanup]
    public static void Free()
    {
        Shifted.Dispose();
        Blocks.Dispose();
        Whole.Dispose();
    }

    // As adapted autoregressive models are.
    private static MaskedDiffusionModel CreateShifted()
    {
        var network = new TransformerNetwork(Blocks.Config with { ShiftsLogits = true }, torch.CPU);
        network.CopyFrom(Whole.Network);
        return new MaskedDiffusionModel(network, Whole.Tokenizer);
    }

    private static LikelihoodScoringTransformer Fit(Action<TrainerOptions>? change = null)
    {
        var options = new TrainerOptions
        {
            Network = Whole.Config with { AttentionBlockSize = Size }, Tokenizer = TokenizerSource.FromTokenizer(Whole.Tokenizer),
            MaxSteps = 4, BatchSize = 4, LearningRate = 1e-3, Seed = 3, Device = "cpu",
        };
        change?.Invoke(options);
        return new MLContext(1).MaskedDiffusion().Trainer(options).Fit(new MLContext(1).Data.LoadFromEnumerable(TextRow.Make(Texts)));
    }

    private static float[] Weight(MaskedDiffusionModel model, string name) =>
        TensorMemory.FloatSpan(model.Network.Parameters[name]).ToArray();

    private static int[] Ids(string text) => [.. Whole.Tokenizer.Encode(text)];

    // What the network says in a row, logits [length, V].
    private static torch.Tensor Logits(int[] tokens, int blockStart)
    {
        var rows = new TokenRows([.. tokens.Select(id => (long)id)], tokens.Length) { Blocks = new AttentionBlocks(Size, blockStart) };
        return Blocks.Network.Forward(rows)[0].to(torch.ScalarType.Float64);
    }

    private static torch.Tensor LogProbabilities(int[] tokens, int blockStart) => Logits(tokens, blockStart).log_softmax(-1);

    // The same under guidance, whose counterpart has the first tokens masked.
    private static torch.Tensor Guided(int[] tokens, int blockStart, double scale, int prompt)
    {
        int[] masked = [.. Enumerable.Repeat(Whole.Config.MaskTokenId, prompt), .. tokens[prompt..]];
        torch.Tensor other = Logits(masked, blockStart);
        return other.Plus((Logits(tokens, blockStart) - other).Times(1 + scale)).log_softmax(-1);
    }

    // The exact bound of each block behind what is before it, from all of its masks: the mean over the numbers l of masked tokens, and over
    // the sets of so many, of (L / l) times the loss.
    private static double BruteForce(int[] context, int[] answer, double guidance = 0, bool pads = false, int? prompt = null)
    {
        double sum = 0;
        int blockStart = context.Length;
        foreach (int[] block in answer.Chunk(Size))
        {
            int length = block.Length;
            for (int mask = 1; mask < 1 << length; mask++)
            {
                using var scope = torch.NewDisposeScope();
                int[] hidden = [.. Enumerable.Range(0, length).Where(i => (mask >> i & 1) == 1)];
                int[] tokens = [.. context, .. block.Select((id, i) => hidden.Contains(i) ? Whole.Config.MaskTokenId : id)];
                if (pads)
                    tokens = [.. tokens, .. Enumerable.Repeat(Whole.Config.MaskTokenId, Whole.Config.ContextLength - tokens.Length)];
                torch.Tensor logs = Guided(tokens, blockStart, guidance, prompt ?? blockStart);
                double loss = -hidden.Sum(i => logs[context.Length + i, block[i]].item<double>());
                sum += loss * length / hidden.Length / (length * Binomial(length, hidden.Length));
            }
            context = [.. context, .. block];
        }
        return sum;
    }

    private static double Binomial(int n, int k) => k == 0 ? 1 : Binomial(n - 1, k - 1) * n / k;

    [TestMethod]
    [DataRow("the", " cat sat on the mat")]
    [DataRow("the cat", " sat on")]
    [DataRow("", "the river runs")]
    public void TheLikelihoodIsTheSumOverBlocks(string context, string text)
    {
        int[] known = Ids(context), answer = Ids(text);
        RequestScorer scorer = RequestScorer.For(Blocks.Network, new LikelihoodOptions());
        LikelihoodEstimate estimate = scorer.Score([new LikelihoodRequest(known, answer)])[0];
        Assert.AreEqual((0.0, answer.Length), (estimate.StandardError, estimate.TokenCount));
        // Logits of 32 bits.
        double expected = BruteForce(known, answer);
        Assert.AreEqual(expected, -estimate.LogLikelihood, 1e-5 * expected);
        // All orders of a block can be enumerated: the bound from below is the same, and the one from above is the likelihood itself.
        MixtureBounds bounds = scorer.Bound([new LikelihoodRequest(known, answer)], orders: 8)[0];
        Assert.AreEqual(-expected, bounds.Lower, 1e-5 * expected);
        Assert.IsGreaterThanOrEqualTo(bounds.Lower, bounds.Upper);
    }

    /// <summary>Guidance masks the context, and none of the answer's blocks; padding is seen in the last block alone.</summary>
    [TestMethod]
    [DataRow(0.7, false)]
    [DataRow(0.0, true)]
    [DataRow(0.7, true)]
    public void GuidanceAndPaddingAreThoseOfEachBlock(double guidance, bool pads)
    {
        int[] context = Ids("the cat"), answer = Ids(" sat on the mat");
        var options = new LikelihoodOptions { GuidanceScale = guidance, PadToContext = pads };
        LikelihoodEstimate estimate = RequestScorer.For(Blocks.Network, options).Score([new LikelihoodRequest(context, answer)])[0];
        double expected = BruteForce(context, answer, guidance, pads);
        Assert.AreEqual(expected, -estimate.LogLikelihood, 1e-5 * expected);
    }

    /// <summary>In windows guidance masks what they still hold of the prompt, and blocks begin with the tokens that they score.</summary>
    [TestMethod]
    public void GuidanceOfWindowsMasksThePromptAlone()
    {
        int[] prompt = Ids("the cat"), text = Ids(
            " sat on the mat by the door of the old house and the river runs to the sea and the sea is wide and the cat is home");
        int limit = Whole.Config.ContextLength;
        Assert.IsGreaterThan(limit, prompt.Length + text.Length);
        LikelihoodRequest[] windows = [.. TextWindows.Of(prompt, text, limit, 3)];
        LikelihoodEstimate[] estimates = RequestScorer.For(Blocks.Network, new LikelihoodOptions { GuidanceScale = 0.7 }).Score(windows);
        for (int i = 0, end = limit; i < windows.Length; i++, end = Math.Min(end + 3, prompt.Length + text.Length))
        {
            int left = Math.Max(0, prompt.Length - (end - limit));
            double expected = BruteForce(windows[i].Context, windows[i].Answer, 0.7, prompt: left);
            // Logits of 32 bits.
            Assert.AreEqual(expected, -estimates[i].LogLikelihood, 1e-5 * expected);
        }
    }

    /// <summary>A counterpart with a prompt of another length has its blocks where its own answer begins.</summary>
    [TestMethod]
    [DataRow(3)]
    [DataRow(-2)]
    public void TheCounterpartOfGuidanceHasBlocksOfItsOwn(int shift)
    {
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        int mask = Whole.Config.MaskTokenId;
        int[] prompt = [7, 8, 9], answer = [mask, 3, mask, 4, mask, 5], negative = [.. Enumerable.Range(20, prompt.Length + shift)];
        var row = new MaskedRow([.. prompt, .. answer], [.. negative, .. answer], [3, 5, 7], [])
        {
            UnconditionalShift = shift,
            Blocks = new AttentionBlocks(Size, prompt.Length),
        };
        torch.Tensor own = Logits(row.Tokens, prompt.Length), other = Logits(row.Unconditional!, negative.Length);
        using INetworkSession session = Blocks.Network.OpenSession();
        // The counterpart is also a row of its own, with other blocks.
        var alone = new MaskedRow(row.Unconditional!, null, [negative.Length], []) { Blocks = new AttentionBlocks(Size, prompt.Length) };
        torch.Tensor expectedAlone = Logits(alone.Tokens, prompt.Length);
        var source = new SessionScheduler(() => session, guidanceScale: 0.5, batchTokens: 1000);
        int read = 0;
        source.Read([row, alone], (look, place, logits) =>
        {
            for (int id = 0; id < logits.Length; id++)
            {
                int at = look.Positions[place];
                double expected = look == alone ? expectedAlone[at, id].item<double>()
                    : other[at + shift, id].item<double>() + 1.5 * (own[at, id].item<double>() - other[at + shift, id].item<double>());
                Assert.AreEqual(expected, logits[id], 1e-5);
            }
            Interlocked.Increment(ref read);
        }, CancellationToken.None);
        Assert.AreEqual(4, read);
    }

    [TestMethod]
    public void WhatItWritesGreedilyIsWhatMatches()
    {
        var infiller = new Diffusion.Sampling.TokenInfiller(new NetworkEvaluator(Blocks.Network), new SamplingOptions());
        int mask = Whole.Config.MaskTokenId;
        // Four tokens before, so that the blocks of a row and those that begin with the answer are the same.
        int[] prompt = [7, 8, 9, 10];
        int[] written = infiller.Fill([[.. prompt, .. Enumerable.Repeat(mask, 6)]])[0][4..];
        RequestScorer scorer = RequestScorer.For(Blocks.Network, new LikelihoodOptions());
        bool[] matches = scorer.MatchGreedily(
            [new LikelihoodRequest(prompt, written), new LikelihoodRequest(prompt, [.. written[..5], (written[5] + 1) % 200])]);
        CollectionAssert.AreEqual(new[] { true, false }, matches);
        Assert.IsTrue(scorer.NetworkRows is >= 6 and <= 12, $"{scorer.NetworkRows} rows: each step of at most two answers takes one");
    }

    [TestMethod]
    public void TheLikelihoodOfASamplerGoesFromBlockToBlock()
    {
        using var scope = torch.NewDisposeScope();
        int[] context = Ids("the cat"), answer = Ids(" sat on the mat");
        double expected = 0;
        for (int i = 0; i < answer.Length; i++)
        {
            // To the right are masks, up to the end of the answer.
            int[] tokens = [.. context, .. answer[..i], .. Enumerable.Repeat(Whole.Config.MaskTokenId, answer.Length - i)];
            expected -= LogProbabilities(tokens, context.Length % Size)[context.Length + i, answer[i]].item<double>();
        }
        LikelihoodOptions options = new() { Method = LikelihoodMethod.Sampler(SamplingOrder.LeftToRight) };
        LikelihoodEstimate estimate = RequestScorer.For(Blocks.Network, options).Score([new LikelihoodRequest(context, answer)])[0];
        Assert.AreEqual(expected, -estimate.LogLikelihood, 1e-5 * expected);
    }

    [TestMethod]
    [DataRow(0.0, false, false)]
    [DataRow(0.7, false, false)]
    [DataRow(0.7, true, false)]
    [DataRow(0.0, false, true)]
    [DataRow(0.7, true, true)]
    public void WhatIsKeptOfABlockChangesNothing(double guidance, bool hasNegativePrompt, bool isShifted)
    {
        MaskedDiffusionModel model = isShifted ? Shifted : Blocks;
        string[] prompts = ["the cat", "a small bird", ""];
        string[] Write(SamplingCache cache) =>
        [
            .. new TextGenerator(model, new GenerationOptions
            {
                MaxNewTokens = 11,
                MinNewTokens = 11,
                NegativePrompt = hasNegativePrompt ? "one two three four" : null,
                Sampling = { Order = SamplingOrder.Confidence, Temperature = 1, GuidanceScale = guidance, Cache = cache, Seed = 4 },
            }).Generate(prompts).Select(text => text.Text),
        ];
        string[] expected = Write(new KeepsNothing());
        foreach (SamplingCache cache in new[] { SamplingCache.None, SamplingCache.Prefix, SamplingCache.Dual })
            CollectionAssert.AreEqual(expected, Write(cache), cache.Name);
        // The model that sees the whole row writes something else.
        string[] others =
        [
            .. new TextGenerator(Whole, new GenerationOptions
            {
                MaxNewTokens = 11, MinNewTokens = 11,
                Sampling = { Order = SamplingOrder.Confidence, Temperature = 1, GuidanceScale = guidance, BlockLength = Size, Seed = 4 },
            }).Generate(prompts).Select(text => text.Text),
        ];
        CollectionAssert.AreNotEqual(others, expected);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void GapsAreFilledBlockByBlock(bool isShifted)
    {
        MaskedDiffusionModel model = isShifted ? Shifted : Blocks;
        string[] texts = ["the cat[MASK*6] the mat[MASK*2]", "[MASK*3] river", "the[MASK*1-5] runs"];
        string[] expected = [.. new Infiller(model, new SamplingOptions { Cache = new KeepsNothing() }).Fill(texts)];
        CollectionAssert.AreEqual(expected, new Infiller(model).Fill(texts).ToArray());
        StringAssert.StartsWith(expected[0], "the cat");
        StringAssert.Contains(expected[0], " the mat");
        StringAssert.EndsWith(expected[1], " river");
    }

    [TestMethod]
    public void WhatABlockModelCannotDoIsRefused()
    {
        void Refused(string option, Action act) =>
            StringAssert.Contains(Assert.Throws<ArgumentException>(act).Message, option);
        Refused("BlockLength", () => _ = new TextGenerator(Blocks, new GenerationOptions { Sampling = { BlockLength = 8 } }));
        Refused("SelfCorrectionSteps", () => _ = new Infiller(Blocks, new SamplingOptions { SelfCorrectionSteps = 2 }));
        Refused("SharesStepsAmongRows", () => _ = new Infiller(Blocks, new SamplingOptions { SharesStepsAmongRows = true }));
        Refused("SeparationZ", () => _ = new LikelihoodScorer(Blocks, new LikelihoodOptions { SeparationZ = 2 }));
        Refused("TargetStandardError", () => _ = new LikelihoodScorer(Blocks, new LikelihoodOptions { TargetStandardError = 1 }));
        Refused("Order", () => RequestScorer.For(Blocks.Network, new LikelihoodOptions()).Score(
            [new LikelihoodRequest([1], [2, 3]) { Order = [1, 0] }]));
        Refused("AttentionBlockSize", () => Whole.WithAttentionBlocks(0));
        using MaskedDiffusionModel causal = TinyAutoregressiveModel.Create();
        Refused("AttentionBlockSize", () => causal.WithAttentionBlocks(4));
        Refused("Noise.UniformShare", () => Fit(o => (o.Noise.UniformShare, o.Noise.LossWeighting) = (0.1, LossWeighting.Dynamic)));
        Refused("Noise.GapLengthRatio", () => Fit(o => o.Noise.GapLengthRatio = 0.1));
        // Nothing is cut unasked: a text that is longer than the context needs blocks that are asked for.
        string book = string.Concat(Enumerable.Repeat(Texts[1] + " ", 20));
        Refused("Sampling.BlockLength", () => new TextGenerator(Blocks).Generate(book));
        Assert.HasCount(9, new TextGenerator(Blocks, new GenerationOptions
        {
            MaxNewTokens = 9, MinNewTokens = 9, Sampling = { BlockLength = Size },
        }).Generate(book).Tokens);
        using MaskedDiffusionModel wide = Whole.WithAttentionBlocks(64);
        Assert.HasCount(5, new TextGenerator(wide, new GenerationOptions { MaxNewTokens = 5, MinNewTokens = 5 }).Generate("the").Tokens);
        Refused("AttentionAnnealing", () => Fit(o => (o.WarmStart, o.AttentionAnnealing) = (0.2, 0.2)));
    }

    [TestMethod]
    public void ItIsTrainedResumedAndSaved()
    {
        using var folder = new TemporaryFolder();
        IDataView held = new MLContext(1).Data.LoadFromEnumerable(TextRow.Make(Texts));
        using LikelihoodScoringTransformer trained = Fit(o => o.ValidationSet = held);
        Assert.AreEqual(Size, trained.Model.Config.AttentionBlockSize);
        Assert.IsGreaterThan(0, trained.TrainingResult!.ValidationLoss!.Value);
        void Checkpointed(TrainerOptions o) =>
            (o.Checkpoints.Folder, o.Checkpoints.Interval, o.Checkpoints.Resume) = (folder.File("run"), 1, true);
        using var source = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(() => Fit(o =>
        {
            Checkpointed(o);
            (o.ProgressInterval, o.CancellationToken) = (1, source.Token);
            o.Progress = new Collected<TrainingProgress>(report =>
            {
                if (report is { Step: 2, Phase: TrainingPhase.Training })
                    source.Cancel();
            });
        }));
        Assert.ThrowsExactly<InvalidOperationException>(() => Fit(o =>
        {
            Checkpointed(o);
            o.Network = o.Network with { AttentionBlockSize = 8 };
        }));
        using LikelihoodScoringTransformer resumed = Fit(Checkpointed), plain = Fit();
        foreach (string name in plain.Model.Network.Parameters.Keys)
            CollectionAssert.AreEqual(Weight(plain.Model, name), Weight(resumed.Model, name), name);

        plain.Model.Save(folder.File("lm.mdm"));
        using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(folder.File("lm.mdm"), "cpu");
        Assert.AreEqual(plain.Model.Config, loaded.Config);
        Assert.AreEqual(new LikelihoodScorer(plain.Model).Score(Texts[1]), new LikelihoodScorer(loaded).Score(Texts[1]));
        Assert.AreEqual(Whole.Config, loaded.Config with { AttentionBlockSize = null });
    }

    [TestMethod]
    public void APublishedFolderKeepsItsBlocksInAFieldOfItsOwn()
    {
        using var folder = new TemporaryFolder();
        var config = Whole.Config with { MaskTokenId = 5, AttentionBlockSize = 8 };
        using var network = new TransformerNetwork(config, torch.CPU);
        network.Initialize(1);
        using var model = new MaskedDiffusionModel(network, Whole.Tokenizer);
        model.SavePublished(folder.File("hub"), "a2d-llama");
        StringAssert.Contains(File.ReadAllText(Path.Combine(folder.File("hub"), "config.json")), "\"attention_block_size\": 8");
        using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(folder.File("hub"), "cpu");
        Assert.AreEqual(8, loaded.Config.AttentionBlockSize);
        using MaskedDiffusionModel whole = loaded.WithAttentionBlocks(null);
        Assert.IsNull(whole.Config.AttentionBlockSize);
        Assert.AreNotEqual(new LikelihoodScorer(whole).Score(Texts[0]), new LikelihoodScorer(loaded).Score(Texts[0]));
    }

    /// <summary>A model with other attention shares the weights, and outlives the one that it was made of.</summary>
    [TestMethod]
    public void TheWeightsAreSharedUntilBothAreDisposed()
    {
        MaskedDiffusionModel first = TinyModel.Create();
        using MaskedDiffusionModel second = first.WithAttentionBlocks(Size);
        TextLikelihood expected = new LikelihoodScorer(second).Score(Texts[0]);
        first.Dispose();
        Assert.AreEqual(expected, new LikelihoodScorer(second).Score(Texts[0]));
        Assert.ThrowsExactly<ObjectDisposedException>(() => new LikelihoodScorer(first).Score(Texts[0]));
        Assert.ThrowsExactly<ObjectDisposedException>(() => first.WithAttentionBlocks(2));
    }

    [TestMethod]
    public void AnAutoregressiveModelBecomesOne()
    {
        using MaskedDiffusionModel causal = TinyAutoregressiveModel.Create();
        using LikelihoodScoringTransformer lm = Fit(o =>
        {
            (o.Network, o.Tokenizer) = (new TrainerOptions().Network, new TrainerOptions().Tokenizer);
            (o.InitialModel, o.Adaptation.AttentionBlockSize) = (causal, Size);
        });
        Assert.AreEqual(
            causal.Config with { Autoregressive = false, ShiftsLogits = true, AttentionBlockSize = Size }, lm.Model.Config);
        var generator = new TextGenerator(lm.Model, new() { MaxNewTokens = 6, MinNewTokens = 6 });
        Assert.HasCount(6, generator.Generate("the").Tokens);
    }

    /// <summary>A cache that keeps nothing.</summary>
    private sealed class KeepsNothing() : SamplingCache("KeepsNothing")
    {
        public override IReadOnlyList<int>? Positions(CacheStep step) => null;
    }
}
