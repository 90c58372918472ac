using Microsoft.ML.MaskedDiffusion.Search;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class SearchSpaceTests
{
    [TestMethod]
    public void TheDefaultIsThatOfTheAttributes()
    {
        SearchSpace space = SearchSpace.Default();
        Dictionary<string, SearchDimension> dimensions = space.Dimensions.ToDictionary(dimension => dimension.Option);
        CollectionAssert.AreEquivalent(
            new[]
            {
                "BatchSize", "LearningRate", "WarmStart", "Optimizer.Beta2", "Optimizer.WeightDecay", "Noise.Levels", "Noise.LossWeighting",
            },
            dimensions.Keys);
        SearchDimension rate = dimensions["LearningRate"];
        Assert.AreEqual((1e-4, 3e-3, true), (rate.Minimum, rate.Maximum, rate.IsLogarithmic));
        CollectionAssert.AreEqual(new object[] { 0.95, 0.98, 0.99 }, dimensions["Optimizer.Beta2"].Choices.ToArray());
        Assert.AreEqual("Noise.Levels: Independent, Stratified", dimensions["Noise.Levels"].ToString());
        Assert.AreEqual("LearningRate: 0.0001 to 0.003, logarithmic", rate.ToString());
    }

    [TestMethod]
    public void ValuesSpreadOverTheirRanges()
    {
        SearchDimension rate = Only(space => space.Range("LearningRate", 1e-4, 1e-2, logarithmic: true));
        Assert.AreEqual(1e-4, (double)rate.ValueAt(0)!, 1e-12);
        Assert.AreEqual(1e-3, (double)rate.ValueAt(0.5)!, 1e-12);
        Assert.AreEqual(1e-2, (double)rate.ValueAt(1 - 1e-12)!, 1e-9);
        SearchDimension batch = Only(space => space.Range("BatchSize", 2, 4));
        CollectionAssert.AreEqual(new object?[] { 2, 3, 4 }, new[] { 0.1, 0.5, 0.9 }.Select(batch.ValueAt).ToArray());
        SearchDimension layers = Only(space => space.Choice("Network", "6M", "19M"));
        TransformerConfig small = TransformerConfig.FromPreset("6M"), large = TransformerConfig.FromPreset("19M");
        CollectionAssert.AreEqual(new[] { small, small, large }, new[] { 0, 0.49, 0.51 }.Select(layers.ValueAt).ToArray());
        SearchDimension warmup = Only(space => space.Choice("Optimizer.WarmupSteps", null, 10.0));
        CollectionAssert.AreEqual(new object?[] { null, 10 }, warmup.Choices.ToArray());
        var options = new TrainerOptions();
        warmup.Apply(options, 10);
        rate.Apply(options, 0.002);
        Assert.AreEqual((10, 0.002), (options.Optimizer.WarmupSteps, options.LearningRate));
    }

    [TestMethod]
    public void ANetworkWhosePropertiesAreVariedIsACopy()
    {
        RotaryScaling Scaling() => new() { Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalContextLength = 64 };
        TransformerConfig Own() => TransformerConfig.FromPreset("6M") with
        {
            RotaryScaling = Scaling(),
            LocalAttention = new LocalAttention { Radius = 8 },
        };
        TransformerConfig given = Own();
        var options = new TrainerOptions { Network = given };
        Only(space => space.Choice("Network.LayerCount", 1, 2)).Apply(options, 2);
        Only(space => space.Range("Network.RotaryScaling.Factor", 2, 4)).Apply(options, 2.5);
        Only(space => space.Choice("Network.LocalAttention.Radius", 1, 3)).Apply(options, 3);
        TransformerConfig varied = options.Network;
        Assert.AreEqual((2, 2.5, 3), (varied.LayerCount, varied.RotaryScaling!.Factor, varied.LocalAttention!.Radius));
        Assert.AreEqual(Own(), given);
        TransformerConfig before = new TrainerOptions().Network with { };
        Only(space => space.Choice("Network.LayerCount", 1, 2)).Apply(new TrainerOptions(), before.LayerCount + 1);
        Assert.AreEqual(before, new TrainerOptions().Network);
    }

    [TestMethod]
    public void WhatCannotBeSearchedIsRefused()
    {
        SearchSpace space = new();
        foreach ((string part, Action call) in new (string, Action)[]
        {
            ("Speed", () => space.Range("Speed", 0, 1)), ("Optimizer.Speed", () => space.Range("Optimizer.Speed", 0, 1)),
            ("MaxSteps", () => space.Range("MaxSteps", 1, 2)), ("Checkpoints.Keep", () => space.Range("Checkpoints.Keep", 1, 2)),
            ("has no range", () => space.Range("Network", 0, 1)), ("from 1 to 1", () => space.Range("LearningRate", 1, 1)),
            ("begins above 0", () => space.Range("LearningRate", 0, 1, logarithmic: true)),
            ("from NaN", () => space.Range("LearningRate", double.NaN, 1)), ("1 values", () => space.Choice("BatchSize", 4)),
            ("2 values", () => space.Choice("BatchSize", 4, 4.0)), ("Int32", () => space.Choice("BatchSize", 4, "many")),
            ("null", () => space.Choice("BatchSize", 4, null)), ("NoiseLevels", () => space.Choice("Noise.Levels", "Stratified", "Loud")),
            ("TransformerConfig", () => space.Choice("Network", "6M", "7M")),
        })
        {
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(call).Message, part);
        }
        Assert.IsEmpty(space.Dimensions);
    }

    [TestMethod]
    public void AnOptionIsThereOnce()
    {
        SearchSpace space = new SearchSpace().Range("BatchSize", 1, 2).Range("LearningRate", 0.1, 0.2).Choice("BatchSize", 8, 16);
        CollectionAssert.AreEqual(new[] { "BatchSize", "LearningRate" }, space.Dimensions.Select(dimension => dimension.Option).ToArray());
        CollectionAssert.AreEqual(new object[] { 8, 16 }, space.Dimensions[0].Choices.ToArray());
        Assert.AreEqual("LearningRate", space.Without("BatchSize").Without("BatchSize").Dimensions.Single().Option);
    }

    [TestMethod]
    [DataRow(SearchSampler.Random)]
    [DataRow(SearchSampler.QuasiRandom)]
    public void ATrialsValuesDependOnItsNumberAndTheSeed(SearchSampler sampler)
    {
        SearchOptions Of(int seed) => new() { Sampler = sampler, Seed = seed };
        TrialValues one = new(Of(1)), same = new(Of(1)), other = new(Of(2));
        string[] Shown(TrialValues values) => [.. Enumerable.Range(0, 50).Select(trial => string.Join(' ', values.Shown(trial)))];
        CollectionAssert.AreEqual(Shown(one), Shown(same));
        Assert.HasCount(50, Shown(one).Distinct().ToArray());
        Assert.IsEmpty(Shown(one).Intersect(Shown(other)));
    }

    [TestMethod]
    public void QuasiRandomTrialsFillARangeEvenly()
    {
        var options = new SearchOptions { Space = new SearchSpace().Range("WarmStart", 0, 0.5), Seed = 3 };
        double[] values = [.. Enumerable.Range(0, 16).Select(trial => (double)new TrialValues(options).Of(trial)[0]! * 2).Order()];
        // Shifted by one number, modulo the range, neighbours stay 1/16 apart.
        foreach ((double before, double after) in values.Zip(values.Skip(1)))
            Assert.AreEqual(1 / 16.0, after - before, 1e-9);
    }

    private static SearchDimension Only(Action<SearchSpace> add)
    {
        var space = new SearchSpace();
        add(space);
        return space.Dimensions.Single();
    }
}
