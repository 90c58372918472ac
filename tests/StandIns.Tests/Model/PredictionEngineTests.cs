using Microsoft.ML;
using Microsoft.ML.Data;

namespace StandIns.Tests.Model;

[TestClass]
public sealed class PredictionEngineTests
{
    private readonly MLContext _ml = new(1);

    [TestMethod]
    public void Predict_AdvancesThePosition_SoCachedRowsAreNotServedAgain()
    {
        var rows = _ml.Data.LoadFromEnumerable([new Input { X = 1 }]);
        int calls = 0;
        var model = _ml.Transforms.CustomMapping<Input, Output>((source, target) =>
        {
            calls++;
            target.Twice = 2 * source.X;
            target.Same = source.X;
        }, null).Append(_ml.Transforms.CopyColumns("Copied", "Twice")).Fit(rows);
        using var engine = _ml.Model.CreatePredictionEngine<Input, Output>(model);
        for (int i = 0; i < 5; i++)
        {
            var output = engine.Predict(new Input { X = i });
            Assert.AreEqual(2f * i, output.Twice);
            Assert.AreEqual((float)i, output.Same);
        }
        Assert.AreEqual(5, calls);
        Assert.IsNotNull(engine.OutputSchema.GetColumnOrNull("Copied"));
    }

    [TestMethod]
    public void Predict_IntoAnObject_FillsThatObject()
    {
        var rows = _ml.Data.LoadFromEnumerable([new Input { X = 1 }]);
        using var engine = _ml.Model.CreatePredictionEngine<Input, Output>(_ml.Transforms.CopyColumns("Twice", "X").Fit(rows));
        var mine = new Output();
        var same = mine;
        engine.Predict(new Input { X = 7 }, ref mine);
        Assert.AreSame(same, mine);
        Assert.AreEqual(7f, mine.Twice);
    }

    [TestMethod]
    public void MissingOutputs_AreIgnoredOrRefused_AsAsked()
    {
        var rows = _ml.Data.LoadFromEnumerable([new Input { X = 1 }]);
        var model = _ml.Transforms.CopyColumns("Twice", "X").Fit(rows);
        using (var engine = _ml.Model.CreatePredictionEngine<Input, Output>(model)) Assert.AreEqual(0f, engine.Predict(new Input { X = 3 }).Same);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Model.CreatePredictionEngine<Input, Output>(model, ignoreMissingColumns: false));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Model.CreatePredictionEngine<Input, Output>(model, rows.Schema));
    }

    [TestMethod]
    public void Dispose_TakesTheTransformerWithIt_UnlessToldNotTo()
    {
        var owned = new OutsideTransformer(new TransformerChain<ITransformer>());
        _ml.Model.CreatePredictionEngine<Input, Output>(owned).Dispose();
        Assert.AreEqual(1, owned.Disposals);
        var lent = new OutsideTransformer(new TransformerChain<ITransformer>());
        _ml.Model.CreatePredictionEngine<Input, Output>(lent, new PredictionEngineOptions { OwnsTransformer = false }).Dispose();
        Assert.AreEqual(0, lent.Disposals);
        Assert.IsTrue(new PredictionEngineOptions().OwnsTransformer);
        Assert.IsTrue(new PredictionEngineOptions().IgnoreMissingColumns);
    }

    internal sealed class Input
    {
        public float X { get; set; }
    }

    internal sealed class Output
    {
        public float Twice { get; set; }

        public float Same { get; set; }
    }
}
