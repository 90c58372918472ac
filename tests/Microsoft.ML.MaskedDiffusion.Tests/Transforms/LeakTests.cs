using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Every transform made, used, saved, loaded and disposed again and again: as many tensors live as before, and the machine's memory does
/// not grow. The environment variable MDM_LEAK_CYCLES asks for more cycles than the few that a test has time for.
/// </summary>
[TestClass]
[DoNotParallelize]
public sealed class LeakTests
{
    private static readonly int Cycles =
        int.Parse(Environment.GetEnvironmentVariable("MDM_LEAK_CYCLES") ?? "20", CultureInfo.InvariantCulture);

    // The garbage collector's heap and libtorch's pools settle within some megabytes.
    private const long Slack = 24L << 20;

    private readonly MLContext _ml = new(1);

    private readonly TemporaryFolder _folder = new();

    public TestContext TestContext { get; set; } = null!;

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DynamicData(nameof(Components.All), typeof(Components))]
    public void CyclesOfUseKeepNothing(string name)
    {
        using MaskedDiffusionModel original = Components.Model(name);
        IDataView rows = Components.View(4);
        long parameters = 0;
        for (int i = 0; i < Cycles / 2; i++)
            Cycle(name, original, rows, i);
        long tensors = Tensors(), memory = Memory();
        for (int i = 0; i < Cycles; i++)
            parameters += Cycle(name, original, rows, i);
        long left = Tensors() - tensors, grown = Memory() - memory;
        TestContext.WriteLine($"{name}: {Cycles} cycles, memory from {memory >> 10} KiB by {grown >> 10} KiB, tensors by {left}");
        // TorchSharp goes on counting one tensor for every parameter that was ever disposed.
        Assert.AreEqual(parameters, left, "live tensors");
        Assert.IsLessThan(Slack, grown, "bytes of memory");
    }

    // Returns how many parameters the cycle has made. Every tenth also saves and loads, which takes most of the time where it is done.
    private long Cycle(string name, MaskedDiffusionModel original, IDataView rows, int number)
    {
        using MaskedDiffusionModel model = original.Clone();
        using ModelTransformer transformer = Components.Estimator(_ml, name, model).Fit(rows);
        string[] values = Components.Values(transformer.Transform(rows));
        int ofModel = TransformerNetwork.ParameterShapes(model.Config).Count();
        int ofTransformer = TransformerNetwork.ParameterShapes(transformer.Model.Config).Count();
        int made = ofModel + (transformer.Model == model ? 0 : ofTransformer);
        if (number % 10 > 0)
            return made;
        string zip = _folder.File("cycle.zip");
        _ml.Model.Save(transformer, rows.Schema, zip);
        ITransformer loaded = _ml.MaskedDiffusion().LoadModel(zip, out _);
        using (loaded as IDisposable)
            CollectionAssert.AreEqual(values, Components.Values(loaded.Transform(rows)));
        return made + ofTransformer;
    }

    private static long Tensors()
    {
        _ = Memory();
        return torch.Tensor.TotalCount;
    }

    private static long Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return Environment.WorkingSet;
    }
}
