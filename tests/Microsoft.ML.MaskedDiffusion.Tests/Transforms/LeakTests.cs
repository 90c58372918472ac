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

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DynamicData(nameof(Components.All), typeof(Components))]
    public void CyclesOfUseKeepNothing(string name)
    {
        using MaskedDiffusionModel original = Components.Model(name);
        IDataView rows = Components.View(4);
        int parameters = 0;
        for (int i = 0; i < 10; i++)
            parameters = Cycle(name, original, rows);
        long tensors = Tensors(), memory = Memory();
        for (int i = 0; i < Cycles; i++)
            Cycle(name, original, rows);
        long left = Tensors() - tensors, grown = Memory() - memory;
        TestContext.WriteLine($"{name}: {Cycles} cycles, memory from {memory >> 10} KiB by {grown >> 10} KiB, tensors by {left}");
        // TorchSharp goes on counting one tensor for every parameter that was ever disposed.
        Assert.AreEqual((long)Cycles * parameters, left, "live tensors");
        Assert.IsLessThan(Slack, grown, "bytes of memory");
    }

    // Returns how many parameters the cycle has made.
    private int Cycle(string name, MaskedDiffusionModel original, IDataView rows)
    {
        using MaskedDiffusionModel model = original.Clone();
        using ModelTransformer transformer = Components.Estimator(_ml, name, model).Fit(rows);
        string[] values = Components.Values(transformer.Transform(rows));
        using var stream = new MemoryStream();
        _ml.Model.Save(transformer, rows.Schema, stream);
        stream.Position = 0;
        ITransformer loaded = _ml.MaskedDiffusion().Unwrap(Stock(stream, name, transformer));
        using (loaded as IDisposable)
            CollectionAssert.AreEqual(values, Components.Values(loaded.Transform(rows)));
        int ofModel = TransformerNetwork.ParameterShapes(model.Config).Count();
        int ofTransformer = TransformerNetwork.ParameterShapes(transformer.Model.Config).Count();
        bool isTrained = transformer.Model != model, isUnwrapped = loaded != transformer;
        return ofModel + (isTrained ? ofTransformer : 0) + (isUnwrapped ? ofTransformer : 0);
    }

    // What ML.NET alone cannot load is used as it is.
    private static ITransformer Stock(Stream stream, string name, ITransformer original) =>
        Components.MapsRows(name) ? new MLContext().Model.Load(stream, out _) : original;

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
