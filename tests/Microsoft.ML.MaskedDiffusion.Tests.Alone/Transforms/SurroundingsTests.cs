using System.Collections.Concurrent;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Every transform inside whatever its caller has set up in torch: it gives what it gives without, changes nothing of it, leaves nothing
/// behind in it, and goes on working when it is over.
/// </summary>
[TestClass]
public sealed class SurroundingsTests
{
    // What each component gives where nothing is set up.
    private static readonly ConcurrentDictionary<string, string[]> Expected = [];
    private readonly TemporaryFolder _folder = new();

    public static IEnumerable<object[]> All =>
        from component in Components.All
        from setting in new[] { "no_grad", "inference_mode", "dispose scope", "default type", "threads" }
        select new[] { component[0], setting };

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    private static string[] ValuesOutside(string name)
    {
        IDataView rows = Components.View(3);
        using MaskedDiffusionModel model = Components.Model(name);
        using ModelTransformer transformer = Components.Estimator(new MLContext(1), name, model).Fit(rows);
        return Components.Values(transformer.Transform(rows));
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void ItWorksInsideAndChangesNothing(string name, string setting)
    {
        var ml = new MLContext(1);
        IDataView rows = Components.View(3);
        string zip = _folder.File("inside.zip");
        string[] expected = Expected.GetOrAdd(name, ValuesOutside);
        torch.manual_seed(5);
        float[] draws = Draw();
        torch.manual_seed(5);
        ModelTransformer made, loaded;
        MaskedDiffusionModel own;
        using (IDisposable set = TorchStateTests.Set(setting))
        {
            string state = TorchStateTests.State();
            own = Components.Model(name);
            made = Components.Estimator(ml, name, own).Fit(rows);
            CollectionAssert.AreEqual(expected, Components.Values(made.Transform(rows)));
            ml.Model.Save(made, rows.Schema, zip);
            loaded = (ModelTransformer)ml.MaskedDiffusion().LoadModel(zip, out _);
            CollectionAssert.AreEqual(expected, Components.Values(loaded.Transform(rows)));
            Assert.AreEqual(state, TorchStateTests.State());
            if (set is DisposeScope scope)
                Assert.AreEqual(0, scope.DisposablesCount, "tensors that wait for the caller's scope to end");
        }
        CollectionAssert.AreEqual(draws, Draw(), "torch's own random numbers go on as if nothing had been");
        using (own)
        using (made)
        using (loaded)
        {
            CollectionAssert.AreEqual(expected, Components.Values(made.Transform(rows)));
            CollectionAssert.AreEqual(expected, Components.Values(loaded.Transform(rows)));
            LearnMore(ml, loaded.Model, rows);
        }
    }

    // Weights that were made in inference mode can be trained after it.
    private static void LearnMore(MLContext ml, MaskedDiffusionModel model, IDataView rows)
    {
        if (model.Config.Autoregressive)
            return;
        TrainerOptions options = Components.Training(), defaults = new();
        (options.Network, options.Tokenizer, options.InitialModel) = (defaults.Network, defaults.Tokenizer, model);
        using LikelihoodScoringTransformer trained = new MaskedDiffusionTrainer(ml, options).Fit(rows);
        Assert.AreEqual(options.MaxSteps, trained.TrainingResult!.Steps);
    }

    private static float[] Draw()
    {
        using torch.Tensor drawn = torch.rand(4, torch.ScalarType.Float32);
        return [.. drawn.data<float>()];
    }
}
