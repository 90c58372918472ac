using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class MaskedDiffusionCatalogTests
{
    private readonly MLContext _ml = new(1);

    [TestMethod]
    public void NullsAreRefusedAtTheDoor()
    {
        Assert.ThrowsExactly<ArgumentNullException>(() => MaskedDiffusionExtensions.MaskedDiffusion(null!));
        MaskedDiffusionCatalog context = _ml.MaskedDiffusion();
        Assert.ThrowsExactly<ArgumentNullException>(() => context.ScoreLikelihood(null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => context.ScoreChoices(null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => context.ScoreChoices(null!, "Context", "Choice", "Group"));
        Assert.ThrowsExactly<ArgumentNullException>(() => context.Infill(null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => context.Unwrap(null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => context.SaveModel(null!, null, "x.zip"));
        Assert.ThrowsExactly<FileNotFoundException>(
            () => context.LoadModel(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), out _));
    }

    [TestMethod]
    public void TheShortTrainerTakesItsColumnAndSteps()
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Body", TextDataViewType.Instance);
        SchemaShape shape = SchemaShapes.Of(builder.ToSchema());
        CollectionAssert.Contains(_ml.MaskedDiffusion().Trainer("Body").GetOutputSchema(shape).Select(c => c.Name).ToArray(),
            "NegativeLogLikelihood");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => _ml.MaskedDiffusion().Trainer().GetOutputSchema(shape)).Message, "'Text'");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.MaskedDiffusion().Trainer(maxSteps: 0)).Message,
            "MaxSteps");
    }

    [TestMethod]
    public void AModelOpensOnTheDeviceThatTheContextAsksFor()
    {
        using var folder = new TemporaryFolder();
        using MaskedDiffusionModel model = TinyModel.Create(5);
        string path = folder.File("lm.mdm");
        model.Save(path);
        // No machine has so many GPUs.
        var ml = new MLContext(1) { GpuDeviceId = 9999, FallbackToCpu = false };
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => ml.MaskedDiffusion().OpenModel(path));
        StringAssert.Contains(error.Message, "9999");
        using (MaskedDiffusionModel named = ml.MaskedDiffusion().OpenModel(path, "cpu"))
            Assert.AreEqual("cpu", named.Device);
        ml.FallbackToCpu = true;
        using MaskedDiffusionModel opened = ml.MaskedDiffusion().OpenModel(path);
        Assert.AreEqual("cpu", opened.Device);
    }
}
