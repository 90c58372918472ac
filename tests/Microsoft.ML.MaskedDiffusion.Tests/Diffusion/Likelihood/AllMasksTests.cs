using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The sampling estimators averaged over everything they could have drawn: the bound, without noise.</summary>
[TestClass]
public sealed class AllMasksTests
{
    private static readonly int[] Context = [3, 1, 4];
    private static readonly int[] Answer = [2, 6, 0, 5];
    private static readonly ToyEvaluator Model = new(seed: 4);

    [TestMethod]
    [DataRow(3)]
    [DataRow(5)]
    [DataRow(7)]
    [DataRow(10)]
    [DataRow(14)]
    public void ExactCount(int samples)
    {
        // A stratum draws a size, then a mask of it: with every mask of a size 12 / C(4, l) times, all sizes come equally often.
        const int Copies = 12;
        LevelAllocation allocation = LevelAllocation.Create(Answer.Length, samples);
        List<int[]> masks = [.. allocation.Whole.SelectMany(level => Combinations.All(Answer.Length, level))];
        double[] weights = [.. masks.Select(hidden => 1 / (hidden.Length * Combinations.Count(Answer.Length, hidden.Length)))];
        List<(double, int)> strata = [];
        foreach (LevelStratum stratum in allocation.Strata)
        {
            foreach (int level in stratum.Levels)
                for (int copy = 0; copy < Copies / (int)Combinations.Count(Answer.Length, level); copy++)
                    masks.AddRange(Combinations.All(Answer.Length, level));
            strata.Add(((double)stratum.Levels.Length / Answer.Length, Copies * stratum.Levels.Length));
        }
        var round = new StratifiedRound([.. masks.Select(hidden => new AnswerMask(hidden))], Answer.Length, weights, strata);
        Assert.AreEqual(BruteForce.Bound(Model, Context, Answer), round.Combine([.. masks.Select(Loss)]).Value, 1e-12);
    }

    [TestMethod]
    public void MonteCarlo()
    {
        // Given t, loss / t averaged over all 16 masks is a polynomial of degree 3 in t: three Gauss-Legendre points integrate it exactly.
        (double Point, double Weight)[] points = [(0.5 - Math.Sqrt(0.15), 5 / 18.0), (0.5, 8 / 18.0), (0.5 + Math.Sqrt(0.15), 5 / 18.0)];
        double mean = 0;
        foreach ((double point, double weight) in points)
        {
            float t = (float)point;
            for (int bits = 0; bits < 1 << Answer.Length; bits++)
            {
                bool[] hides = [.. Enumerable.Range(0, Answer.Length).Select(i => (bits >> i & 1) == 1)];
                MaskRound round = MonteCarloMethod.FromDraws([t], [[.. hides.Select(hidden => hidden ? 0 : MathF.BitDecrement(1))]], 1);
                int[] hidden = round.Masks.Single().Hidden;
                CollectionAssert.AreEqual(Enumerable.Range(0, Answer.Length).Where(i => hides[i]).ToArray(), hidden);
                mean += weight * Math.Pow(point, hidden.Length) * Math.Pow(1 - point,
                    Answer.Length - hidden.Length) * round.Combine([Loss(hidden)]).Value;
            }
        }
        // The levels are 32-bit floats, as in SMDM.
        Assert.AreEqual(BruteForce.Bound(Model, Context, Answer), mean, 1e-6);
    }

    private static double Loss(int[] hidden)
    {
        int[] row = [.. Context, .. Answer.Select((token, i) => hidden.Contains(i) ? Model.MaskTokenId : token)];
        return hidden.Sum(i => -Model.LogProbability(row, row, 0, Context.Length + i, Answer[i]));
    }
}
