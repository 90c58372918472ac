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
}
