using System.Globalization;
using Microsoft.Extensions.AI;
using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Every transform made, used, saved, loaded and disposed again and again, and everything else that takes a model: as many tensors live as
/// before, and the machine's memory does not grow. The environment variable MDM_LEAK_CYCLES asks for more cycles than the few that a test
/// has time for.
/// </summary>
[TestClass]
public sealed class LeakTests
{
    private static readonly int Cycles =
        int.Parse(Environment.GetEnvironmentVariable("MDM_LEAK_CYCLES") ?? "20", CultureInfo.InvariantCulture);

    // The garbage collector's heap and libtorch's pools settle within some megabytes.
    private const long Slack = 24L << 20;

    // What a model is used for outside of pipelines.
    private static readonly Dictionary<string, Action<MaskedDiffusionModel, TemporaryFolder>> Uses = new()
    {
        ["scorer"] = (model, _) =>
        {
            Assert.IsGreaterThan(0, new LikelihoodScorer(model).Score("the cat sat").NegativeLogLikelihood);
        },
        ["infiller"] = (model, _) =>
        {
            StringAssert.StartsWith(new Infiller(model).Fill("a [MASK] b"), "a ");
        },
        ["generator"] = (model, _) =>
        {
            Assert.HasCount(4, new TextGenerator(model, new GenerationOptions { MaxNewTokens = 4 }).Generate("the").Tokens);
        },
        ["chat client"] = (model, _) =>
        {
            MaskedDiffusionChatClientOptions options = new() { Template = TinyChatModel.Template, Generation = new() { MaxNewTokens = 4 } };
            using IChatClient client = model.AsChatClient(options);
            Assert.AreEqual(ChatRole.Assistant, client.GetResponseAsync("the").GetAwaiter().GetResult().Messages.Single().Role);
        },
        ["perplexity"] = (model, _) =>
        {
            Assert.IsGreaterThan(1, new PerplexityEvaluator(model).Evaluate([new("the cat sat", null)]).All.Perplexity.Value);
        },
        ["batch scoring"] = (model, folder) =>
        {
            var ml = new MLContext(1);
            IDataView rows = ml.Data.LoadFromEnumerable(TextRow.Make(["the cat sat"]));
            BatchScoringResult result = ml.MaskedDiffusion().ScoreFile(
                ml.MaskedDiffusion().ScoreLikelihood(model, "Text").Fit(rows), new BatchScoringOptions
                {
                    InputPath = folder.File("lines.csv"), OutputPath = folder.File("scored.jsonl"), InputSchema = rows.Schema,
                    Overwrite = true,
                });
            Assert.AreEqual(2, result.RowCount);
        },
    };

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
        CheckCycles(name, number => Cycle(name, original, rows, number));
    }

    public static IEnumerable<object[]> NamesOfUses => Uses.Keys.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(NamesOfUses))]
    public void CyclesOfUseOutsideOfPipelinesKeepNothing(string name)
    {
        using MaskedDiffusionModel original = TinyChatModel.Create();
        int parameters = TransformerNetwork.ParameterShapes(original.Config).Count();
        File.WriteAllText(_folder.File("lines.csv"), "Text\nthe cat sat\na bird sang\n");
        CheckCycles(name, _ =>
        {
            using MaskedDiffusionModel model = original.Clone();
            Uses[name](model, _folder);
            return parameters;
        });
    }

    // The cycle returns how many parameters it has made.
    private void CheckCycles(string name, Func<int, long> cycle)
    {
        long parameters = 0;
        for (int i = 0; i < Cycles / 2; i++)
            cycle(i);
        long memory = HeldMemory.Bytes(), tensors = torch.Tensor.TotalCount;
        for (int i = 0; i < Cycles; i++)
            parameters += cycle(i);
        long grown = HeldMemory.Bytes() - memory, left = torch.Tensor.TotalCount - tensors;
        TestContext.WriteLine($"{name}: {Cycles} cycles, memory from {memory >> 10} KiB by {grown >> 10} KiB, tensors by {left}");
        // TorchSharp goes on counting one tensor for every parameter that was ever disposed.
        Assert.AreEqual(parameters, left, "live tensors");
        Limit.Below(Slack, grown, "bytes of memory");
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
}
