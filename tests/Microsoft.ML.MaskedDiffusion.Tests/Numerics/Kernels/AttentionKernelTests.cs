using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Attention of all kinds against plain loops in double precision, and its gradients against central differences of those loops.
/// </summary>
[TestClass]
public sealed unsafe class AttentionKernelTests
{
    [TestMethod]
    [DataRow(1, 1, 2, 2, 4, false, -1)]
    [DataRow(2, 5, 3, 3, 6, false, -1)]
    [DataRow(2, 19, 2, 2, 16, true, -1)]
    [DataRow(1, 300, 1, 1, 8, false, -1)] // more than one block of queries
    [DataRow(1, 300, 1, 1, 8, true, -1)]
    [DataRow(2, 19, 6, 2, 4, false, -1)] // three heads with one key
    [DataRow(1, 300, 2, 1, 8, true, -1)]
    [DataRow(2, 19, 4, 2, 6, false, 3)] // near keys only
    [DataRow(1, 19, 2, 2, 6, false, 0)]
    [DataRow(1, 700, 2, 1, 4, false, 20)] // the last positions see none of the first block of keys
    [DataRow(1, 300, 1, 1, 8, true, 40)]
    public void AttentionAndItsGradients(int batch, int length, int heads, int groups, int size, bool causal, int radius) =>
        RequireAttention(batch, length, new HeadLayout(heads, groups, size), new AttentionReach(causal, radius < 0 ? null : radius),
            (i, j) => (!causal || j <= i) && (radius < 0 || Math.Abs(i - j) <= radius));

    [TestMethod]
    [DataRow(2, 19, 2, 4, 0)]
    [DataRow(1, 19, 2, 4, 3)] // the first block is shorter
    [DataRow(1, 300, 1, 7, 2)] // more than one block of queries
    [DataRow(1, 19, 3, 40, 25)]
    public void AttentionByBlocksAndItsGradients(int batch, int length, int heads, int blockSize, int blockStart) =>
        RequireAttention(batch, length, new HeadLayout(heads, 1, 6),
            new AttentionReach(IsCausal: false, Blocks: new AttentionBlocks(blockSize, blockStart)),
            (i, j) => Math.Floor((double)(j - blockStart) / blockSize) <= Math.Floor((double)(i - blockStart) / blockSize));

    [TestMethod]
    [DataRow(2, 10, 2, 4)]
    [DataRow(1, 150, 1, 32)] // more than one block of queries
    [DataRow(1, 6, 1, 6)] // one block: the noised text sees itself alone
    public void AttentionOfRowsThatHoldATextTwice(int batch, int text, int heads, int blockSize) =>
        RequireAttention(batch, 2 * text, new HeadLayout(heads, heads, 6),
            new AttentionReach(IsCausal: false, Mask: new PairedMask(text, blockSize)),
            (i, j) =>
            {
                bool isNoised = i >= text, ofNoised = j >= text;
                int own = i % text / blockSize, other = j % text / blockSize;
                return isNoised ? ofNoised ? own == other : other < own : !ofNoised && other <= own;
            });

    [TestMethod]
    [DataRow(0.0, -1)]
    [DataRow(0.3, -1)]
    [DataRow(1.0, -1)]
    [DataRow(0.3, 4)]
    public void AttentionOnItsWayFromCausalToFull(double probability, int radius)
    {
        const int Size = 40, Length = 33;
        var mask = new UncoveredMask(Size, probability, new CounterRandom(1, 2, RandomPurpose.AttentionMask));
        var seen = new CounterRandom(1, 2, RandomPurpose.AttentionMask);
        var uncovered = new bool[Size, Size];
        for (int i = 0; i < Size; i++)
            for (int j = i + 1; j < Size; j++)
                uncovered[i, j] = seen.NextSingle() < probability;
        RequireAttention(2, Length, new HeadLayout(2, 1, 6), new AttentionReach(false, radius < 0 ? null : radius, Mask: mask),
            (i, j) => (j <= i || uncovered[i, j]) && (radius < 0 || Math.Abs(i - j) <= radius));
        int count = uncovered.Cast<bool>().Count(one => one);
        // Five standard deviations of 780 coins.
        Assert.AreEqual(probability * 780, count, 5 * Math.Sqrt(780 * 0.25));
    }

    // Against plain loops in 64 bits, and slopes of these.
    private static void RequireAttention(int batch, int length, HeadLayout layout, AttentionReach reach, Func<int, int, bool> sees)
    {
        int heads = layout.Heads, groups = layout.Groups, size = layout.Size;
        int width = heads * size, stride = layout.ProjectionWidth, share = heads / groups;
        float[] qkv = MatrixProductTests.Draws(batch * length * stride, 1), dy = MatrixProductTests.Draws(batch * length * width, 2);
        float[] y = new float[dy.Length], logSums = new float[batch * heads * length], dQkv = new float[qkv.Length];
        fixed (float* pq = qkv, py = y, pl = logSums, pdy = dy, pd = dQkv)
        {
            AttentionKernels.Forward(pq, py, pl, batch, length, layout, reach);
            AttentionKernels.Backward(pq, py, pl, pdy, pd, batch, length, layout, reach);
        }
        double[] all = KernelTests.Doubles(qkv);
        double[] Head(double[] z, int item, int head)
        {
            var result = new double[length * size];
            for (int i = 0; i < length; i++)
            {
                var weights = new double[length];
                for (int j = 0; j < length; j++)
                {
                    if (!sees(i, j))
                        continue;
                    double dot = 0;
                    for (int c = 0; c < size; c++)
                        dot += z[At(item, i, head, 0, c)] * z[At(item, j, head, 1, c)];
                    weights[j] = Math.Exp(dot / Math.Sqrt(size));
                }
                double sum = weights.Sum();
                for (int j = 0; j < length; j++)
                    for (int c = 0; c < size; c++)
                        result[i * size + c] += weights[j] / sum * z[At(item, j, head, 2, c)];
            }
            return result;
        }
        int At(int item, int position, int head, int part, int c) => (item * length + position) * stride
            + (head / share * (share + 2) + (part == 0 ? head % share : share + part - 1)) * size + c;
        var random = new CounterRandom(1, 1, RandomPurpose.Example);
        for (int item = 0; item < batch; item++)
            for (int head = 0; head < heads; head++)
            {
                double[] expected = Head(all, item, head);
                for (int i = 0; i < expected.Length; i++)
                    Assert.AreEqual(expected[i], y[((item * length + i / size) * heads + head) * size + i % size], 5e-6);
                // A key matters to all heads of its group.
                double Objective(double[] z)
                {
                    double sum = 0;
                    for (int of = head / share * share; of < (head / share + 1) * share; of++)
                    {
                        double[] result = Head(z, item, of);
                        for (int i = 0; i < result.Length; i++)
                            sum += result[i] * dy[((item * length + i / size) * heads + of) * size + i % size];
                    }
                    return sum;
                }
                for (int trial = 0; trial < (length > 500 ? 3 : 12); trial++)
                {
                    int at = At(item, random.NextInt32(length), head, trial % 3, random.NextInt32(size));
                    double slope = KernelTests.Slope(all, at, Objective);
                    Assert.AreEqual(slope, dQkv[at], 2e-5 * (1 + Math.Abs(slope)));
                }
            }
    }
}
