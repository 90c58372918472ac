using Microsoft.ML.MaskedDiffusion.Training.Adapters;
using Microsoft.ML.MaskedDiffusion.Training.Ranks;
using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Sums of gradients over ranks, held against one tree of additions in plain code.</summary>
[TestClass]
public sealed class GradientSumTests
{
    private const int Parts = 8, Count = 5;

    // Numbers of very different sizes, whose sum depends on the order.
    private static float Number(int part, int i) => (part % 2 == 0 ? 1 : -1) * MathF.Pow(10, (part * 3 + i) % 8) / (part + i + 3);

    private static float TreeSum(int first, int count, int i) => count == 1
        ? Number(first, i) : TreeSum(first, count / 2, i) + TreeSum(first + count / 2, count / 2, i);

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(4)]
    [DataRow(8)]
    public void TheOrderOfAdditionsIsThatOfTheTreeWhateverTheRanks(int ranks)
    {
        float[] expected = [.. Enumerable.Range(0, Count).Select(i => TreeSum(0, Parts, i))];
        foreach (float[] sums in ThreadGroup.Run(ranks, group =>
        {
            using var weights = new Weights();
            using var sum = new GradientSum(group, Parts, weights);
            // A step that was given up leaves nothing behind.
            sum.Begin();
            weights.Set("a", [.. Enumerable.Repeat(1f, Count)]);
            sum.Add();
            sum.Begin();
            for (int part = 0; part < sum.Count; part++)
            {
                weights.Set("a", [.. Enumerable.Range(0, Count).Select(i => Number(sum.First + part, i))]);
                Assert.AreEqual(part == sum.Count - 1, sum.Add());
            }
            sum.Exchange([.. Enumerable.Repeat(sum.Missing(), ranks)]);
            return weights.Get("a")!;
        }))
        {
            CollectionAssert.AreEqual(expected, sums);
        }
    }

    [TestMethod]
    public void AWeightHasAGradientWhereAnyRankHasOne()
    {
        (int[] Missing, float[]? A, float[]? B, float[]? C)[] ranks = ThreadGroup.Run(2, group =>
        {
            using var weights = new Weights();
            using var sum = new GradientSum(group, 2, weights);
            sum.Begin();
            weights.Set("a", [1, 2, 3, 4, group.Rank]);
            if (group.Rank == 1)
                weights.Set("b", [5, 6, 7, 8, 9]);
            sum.Add();
            int[] missing = sum.Missing();
            sum.Exchange(group.Rank == 0 ? [missing, [2]] : [[1, 2], missing]);
            return (missing, weights.Get("a"), weights.Get("b"), weights.Get("c"));
        });
        CollectionAssert.AreEqual(new[] { 1, 2 }, ranks[0].Missing);
        CollectionAssert.AreEqual(new[] { 2 }, ranks[1].Missing);
        foreach ((_, float[]? a, float[]? b, float[]? c) in ranks)
        {
            CollectionAssert.AreEqual(new float[] { 2, 4, 6, 8, 1 }, a);
            CollectionAssert.AreEqual(new float[] { 5, 6, 7, 8, 9 }, b);
            Assert.IsNull(c);
        }
    }

    [TestMethod]
    public void AGradientThatAPartNoLongerHasIsNotThatOfTheStepBefore()
    {
        using var weights = new Weights();
        using var sum = new GradientSum(SingleProcess.Instance, 2, weights);
        foreach (bool hasBoth in new[] { true, false })
        {
            sum.Begin();
            weights.Clear();
            weights.Set("a", [1, 1, 1, 1, 1]);
            if (hasBoth)
                weights.Set("b", [7, 7, 7, 7, 7]);
            Assert.IsFalse(sum.Add());
            weights.Clear();
            weights.Set("b", [1, 2, 3, 4, 5]);
            Assert.IsTrue(sum.Add());
            float[] expected = hasBoth ? [8, 9, 10, 11, 12] : [1, 2, 3, 4, 5];
            CollectionAssert.AreEqual(expected, weights.Get("b"));
        }
    }

    private sealed class Weights : ITrainableWeights
    {
        private readonly Dictionary<string, Parameter> _parameters = new[] { "a", "b", "c" }.ToDictionary(
            name => name, _ => new Parameter(torch.zeros(Count)));

        public IReadOnlyDictionary<string, Parameter> Parameters => _parameters;

        public void Set(string name, float[] gradient) => _parameters[name].grad = torch.tensor(gradient);

        public void Clear()
        {
            foreach (Parameter parameter in _parameters.Values)
                parameter.grad = null;
        }

        public float[]? Get(string name) => _parameters[name].grad?.data<float>().ToArray();

        public void GatherGradients()
        {
        }

        public void Apply()
        {
        }

        public LoraAdapter? ToAdapter() => null;

        public void Dispose()
        {
            foreach (Parameter parameter in _parameters.Values)
                parameter.Dispose();
        }
    }
}
