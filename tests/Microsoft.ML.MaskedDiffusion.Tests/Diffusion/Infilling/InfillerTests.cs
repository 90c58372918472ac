using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The public infiller: the texts of the transform, without data views.</summary>
[TestClass]
public sealed class InfillerTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create(5);

    private static readonly string[] Texts = [.. InfillTests.Rows.Select(row => row.Text)];

    private readonly MLContext _ml = new(1);

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    [TestMethod]
    public void SeveralDrawsNeedSomethingThatIsDrawn()
    {
        GapOptions gaps = new() { Samples = 3 };
        Assert.AreEqual("Samples", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Infiller(Model, null, gaps)).ParamName);
        FilledText filled = new Infiller(Model, new SamplingOptions { Order = SamplingOrder.Random }, gaps)
            .Fill(new GappedText("the [MASK*4] on"));
        Assert.HasCount(3, filled.Samples);
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(1.0)]
    public void TextsAreFilledAsTheTransformFillsThem(double temperature)
    {
        var sampling = new SamplingOptions { Temperature = temperature, Seed = 11 };
        IDataView data = _ml.Data.LoadFromEnumerable(InfillTests.Rows);
        IDataView view = _ml.MaskedDiffusion().Infill(Model, new InfillOptions { Sampling = sampling }).Fit(data).Transform(data);
        string[] expected = [.. view.GetColumn<string>("Filled")];
        var infiller = new Infiller(Model, sampling);
        CollectionAssert.AreEqual(expected, infiller.Fill(Texts));
        CollectionAssert.AreEqual(expected, Texts.Select(text => infiller.Fill(text)).ToArray());
        Parallel.For(0, 4, _ => CollectionAssert.AreEqual(expected, infiller.Fill(Texts)));
        Assert.IsGreaterThan(0L, infiller.NetworkRows);
    }

    [TestMethod]
    public void RowsOfIdsAreFilledToo()
    {
        int mask = Model.Config.MaskTokenId;
        int[] row = [3, mask, 5];
        int[] filled = new Infiller(Model).Fill([row])[0];
        Assert.AreEqual((3, 5, mask), (filled[0], filled[2], row[1]));
        Assert.IsTrue(filled[1] >= 0 && filled[1] < mask);
    }

    [TestMethod]
    public void EscapedTextComesBackAsItWas()
    {
        string text = @"a [MASK] \[MASK]";
        Assert.AreEqual(text, new Infiller(Model).Fill(GapSyntax.Escape(text)));
    }

    [TestMethod]
    public void ProgressIsToldAndCancellationHeard()
    {
        var progress = new Collected<double>(_ => { });
        var infiller = new Infiller(Model);
        infiller.Fill(["the [MASK*3] sat"], progress: progress);
        Assert.AreEqual(1.0, progress.Reports[^1]);
        Assert.ThrowsExactly<OperationCanceledException>(() => infiller.Fill("the [MASK]", new CancellationToken(canceled: true)));
    }

    [TestMethod]
    public void WhatCannotBeFilledIsNamed()
    {
        var infiller = new Infiller(Model);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => infiller.Fill("the cat [MASK*40]")).Message,
            "\"the cat [MASK*40]\"");
        Assert.ThrowsExactly<FormatException>(() => infiller.Fill("the [MASK*0]"));
        Assert.ThrowsExactly<ArgumentNullException>(() => infiller.Fill((string)null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => infiller.Fill([(string)null!]));
        Assert.ThrowsExactly<ArgumentNullException>(() => new Infiller(null!));
        Assert.AreEqual("BlockLength", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new Infiller(Model, new() { SharesStepsAmongRows = true, BlockLength = 4 })).ParamName);
        using MaskedDiffusionModel autoregressive = TinyAutoregressiveModel.Create();
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new Infiller(autoregressive)).Message, "autoregressive");
    }
}
