using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What is computed of a row in each step under a cache.</summary>
[TestClass]
public sealed class CachePolicyTests
{
    [TestMethod]
    [DataRow("Prefix", 16)]
    [DataRow("Dual", 8)]
    public void ABlockBeginsWithTheWholeRowAlsoWhereItsFirstStepFillsNothing(string cache, int later)
    {
        // Of 8 tokens in 8 steps the first step fills none and the last one two.
        SamplingOptions options = new()
        {
            TokensPerStep = TokensPerStep.TimeLinear(1e-3), Steps = 16, BlockLength = 8, Cache = SamplingCache.FromName(cache),
        };
        (WatchedSource source, _) = Fill("llada", options, Row(117, 4, 16), blockStart: 4);
        int[] expected = [20, .. Enumerable.Repeat(later, 6), 20, .. Enumerable.Repeat(8, 6)];
        CollectionAssert.AreEqual(expected, source.Computed);
    }

    [TestMethod]
    [DataRow("Prefix", "Confidence")]
    [DataRow("Prefix", "Random")]
    [DataRow("Dual", "LeftToRight")]
    [DataRow("Dual", "Entropy")]
    public void WhereOutputsPredictTheNextPositionABlocksFirstStepFillsItsFirstPosition(string cache, string order)
    {
        SamplingOptions options = new()
        {
            Order = SamplingOrder.FromName(order), Steps = 8, BlockLength = 8, Cache = SamplingCache.FromName(cache),
        };
        // The second block begins with a token that is given.
        int[] tokens = Row(116, 4, 16);
        tokens[12] = 7;
        (WatchedSource source, SamplingRow row) = Fill("dream", options, tokens, blockStart: 4);
        MaskedRow[] first = [.. source.Calls.Select(call => call.Single()).Where(look => look.Computed is null)];
        CollectionAssert.AreEqual(new[] { 4, 13 }, first.Select(look => look.Positions.Single()).ToArray());
        Assert.AreEqual(8, row.Steps, "the first position is the plan's first step");
        RequirePredecessors(source);
    }

    [TestMethod]
    [DataRow("Delayed(3)", "None")]
    [DataRow("Delayed(4)", "Cap(0.3)")]
    [DataRow("Prefix", "Cap(0.3)")]
    [DataRow("Dual", "Loop(0.3, 0.5, 4)")]
    public void WhatPredictsAPositionIsComputedWithIt(string cache, string remasking)
    {
        SamplingOptions options = new()
        {
            Order = SamplingOrder.Random, TokensPerStep = TokensPerStep.Ancestral(), Remasking = Remasking.FromName(remasking),
            Steps = 12, Temperature = 1, BlockLength = 8, Cache = SamplingCache.FromName(cache), GuidanceScale = 0.5,
        };
        (WatchedSource source, _) = Fill("dream", options, Row(116, 4, 16), blockStart: 4);
        Assert.IsGreaterThan(0, source.Calls.Count(call => call.Any(look => look.Computed is not null)));
        RequirePredecessors(source);
    }

    /// <summary>What fills gaps and what writes texts tell the sampler what the network's outputs predict.</summary>
    [TestMethod]
    public void GapsAndTextsOfDreamBeginBlocksWithOneToken()
    {
        SamplingOptions options = SamplingPresets.FastDLLM;
        (options.TokensPerStep, options.BlockLength, options.Cache) = (TokensPerStep.Threshold(0), 8, SamplingCache.Dual);
        using var folder = new PublishedFolder("dream");
        using MaskedDiffusionModel model = folder.Load();
        GeneratedText text = new TextGenerator(model, new() { MaxNewTokens = 16, Sampling = options }).Generate("w5 w6 w7");
        // With the threshold 0 a block takes two steps: its first position, and all others.
        int[] steps = [.. text.Tokens.Select(token => token.Step)];
        CollectionAssert.AreEqual(
            new[] { 0, 1, 1, 1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3, 3 }.Take(steps.Length).ToArray(), steps);

        int mask = model.Config.MaskTokenId;
        var source = new WatchedSource(new SessionScheduler(() => model.Session, options.GuidanceScale, options.BatchTokens));
        new TokenInfiller(new NetworkEvaluator(model.Network), options, source: source).Fill([Row(mask, 8, 8)]);
        CollectionAssert.AreEqual(new[] { 16, 8 }, source.Computed);
        CollectionAssert.AreEqual(new[] { 8 }, source.Calls[0].Single().Positions);
    }

    private static void RequirePredecessors(WatchedSource source)
    {
        foreach (MaskedRow look in source.Calls.SelectMany(call => call).Where(look => look.Computed is not null))
            Assert.IsEmpty(look.Positions.Select(position => position - 1).Except(look.Computed!));
    }

    private static int[] Row(int mask, int prompt, int masked) =>
        [.. Enumerable.Range(20, prompt), .. Enumerable.Repeat(mask, masked)];

    private static (WatchedSource Source, SamplingRow Row) Fill(string family, SamplingOptions options, int[] tokens, int blockStart)
    {
        using TransformerNetwork network = PublishedNetwork.Load(family);
        using INetworkSession session = network.OpenSession();
        int mask = network.Config.MaskTokenId;
        var source = new WatchedSource(new SessionScheduler(() => session, options.GuidanceScale, options.BatchTokens));
        var request = new SamplingRequest(tokens, [.. Enumerable.Range(0, tokens.Length).Where(i => tokens[i] == mask)])
        {
            Key = 1, BlockStart = blockStart, IsShifted = network.Config.ShiftsLogits,
        };
        using var row = new SamplingRow(request, options.Clone(), mask);
        new Decoder(source, options).Run([row], null, CancellationToken.None);
        Assert.IsTrue(row.IsDone && !row.Tokens.Contains(mask));
        return (source, row);
    }
}
