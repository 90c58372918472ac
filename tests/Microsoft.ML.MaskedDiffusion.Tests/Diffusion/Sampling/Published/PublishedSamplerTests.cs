using Microsoft.ML.MaskedDiffusion.Modeling;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Recorded runs of the samplers that are published with a family, token for token after every step. No decision of the runs changes where
/// the logits are 1e-4 off, which is more than the rounding of either backend.
/// </summary>
public abstract class PublishedSamplerTests(string family)
{
    private IEnumerable<PublishedRun> Replayed => PublishedRun.All(family).Where(run => PublishedSampler.WhyLeftOut(run) is null);

    private IEnumerable<PublishedRun> LeftOut => PublishedRun.All(family).Where(run => PublishedSampler.WhyLeftOut(run) is not null);

    [TestMethod]
    public void EveryStepIsTheReferences() => RequireEveryStep(torchOperators: false);

    [TestMethod]
    public void EveryStepIsTheReferencesWithTorchsOperators() => RequireEveryStep(torchOperators: true);

    /// <summary>Rows of different runs that have the same options are filled together as each alone.</summary>
    [TestMethod]
    public void RunsTogetherAreAsAlone()
    {
        foreach (IGrouping<string, PublishedRun> same in Replayed.Where(run => !run.Flag("right_shift_logits") || family == "dream")
            .GroupBy(run => $"{run.AttentionBlockSize} {Settings(PublishedSampler.Options(run))}"))
        {
            using TransformerNetwork network = PublishedNetwork.Load(family, attentionBlockSize: same.First().AttentionBlockSize);
            (PublishedRun Run, PublishedRow Row)[] rows = [.. same.SelectMany(run => run.Rows.Select(row => (run, row)))];
            PublishedReplay together = PublishedReplay.Of(rows, PublishedSampler.Options(same.First()), network);
            for (int row = 0; row < rows.Length; row++)
            {
                int[][] recorded = rows[row].Row.DistinctStates;
                Assert.HasCount(recorded.Length, together.States[row], rows[row].Run.Name);
                for (int step = 0; step < recorded.Length; step++)
                    CollectionAssert.AreEqual(recorded[step], together.States[row][step], $"{rows[row].Run.Name} after {step} steps");
            }
        }
    }

    /// <summary>
    /// What is left out stands in Golden/README.md with its reason, and cannot be had with the options that come nearest. The full set has
    /// more runs, and a description of its own.
    /// </summary>
    [TestMethod]
    public void WhatIsLeftOutIsNamedAndDiffers()
    {
        Assert.IsNotEmpty(Replayed);
        if (Golden.Folder != Path.Combine(AppContext.BaseDirectory, "Golden"))
            return;
        string listed = File.ReadAllText(Golden.PathOf("README.md"));
        using TransformerNetwork network = PublishedNetwork.Load(family);
        foreach (PublishedRun run in LeftOut)
        {
            StringAssert.Contains(listed, $"`{run.Name}`");
            Assert.IsNotNull(PublishedReplay.Difference(run, PublishedSampler.Options(run), network), run.Name);
        }
    }

    private void RequireEveryStep(bool torchOperators)
    {
        var differences = new List<string>();
        foreach (IGrouping<(bool IsShifted, int? BlockSize), PublishedRun> same in Replayed.GroupBy(
            run => (run.Flag("right_shift_logits"), run.AttentionBlockSize)))
        {
            using TransformerNetwork network = PublishedNetwork.Load(
                family, torchOperators: torchOperators, isShifted: same.Key.IsShifted, attentionBlockSize: same.Key.BlockSize);
            differences.AddRange(same.Select(
                run => PublishedReplay.Difference(run, PublishedSampler.Options(run), network)).OfType<string>());
        }
        Assert.IsEmpty(differences, string.Join('\n', differences));
    }

    private static string Settings(SamplingOptions options) => string.Join(' ', options.Order, options.TokensPerStep, options.Steps,
        options.Temperature, options.GuidanceScale, options.BlockLength, options.Cache, options.TopK, options.TopP,
        string.Join(',', options.SuppressedTokens ?? []), string.Join(',', options.PostponedTokens ?? []));
}
