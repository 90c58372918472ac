using TorchSharp;
using static TorchSharp.torch;

namespace StandIns.Tests.Torch;

[TestClass]
public class NumericsTests
{
    // Sums of a few dozen float products differ from double ones by some 1e-6.
    private const double SingleTolerance = 2e-6;

    [TestMethod]
    [DataRow(1, 1, 1)]
    [DataRow(3, 5, 2)]
    [DataRow(17, 33, 9)]
    public void MatrixProductEqualsTheLoop(int rows, int inner, int columns)
    {
        double[] a = Reference.Numbers(rows * inner, 1), b = Reference.Numbers(inner * columns, 2);
        double[] expected = Reference.Product(a, b, rows, inner, columns);
        using Tensor left = Reference.Matrix(a, rows, inner), right = Reference.Matrix(b, inner, columns);
        using Tensor matmul = left.matmul(right), mm = left.mm(right), statically = TorchSharp.torch.matmul(left, right);
        Reference.AreClose(expected, matmul, SingleTolerance * inner);
        Reference.AreClose(expected, mm, SingleTolerance * inner);
        Reference.AreClose(expected, statically, SingleTolerance * inner);
        CollectionAssert.AreEqual(new long[] { rows, columns }, matmul.shape);
    }

    [TestMethod]
    public void BatchedProductsEqualTheProductsOfTheirParts()
    {
        using var scope = NewDisposeScope();
        Tensor a = rand(4, 3, 5), b = rand(4, 5, 2), together = bmm(a, b);
        for (long i = 0; i < 4; i++)
        {
            Tensor one = a[i].mm(b[i]);
            Assert.IsTrue(together[i].allclose(one));
        }
        Tensor bias = rand(2);
        Assert.IsTrue(bias.addmm(a[0], b[0]).allclose(a[0].mm(b[0]) + bias));
    }

    [TestMethod]
    public void SoftmaxAndItsLogarithmEqualTheLoops()
    {
        const int rows = 4, columns = 7;
        double[] x = Reference.Numbers(rows * columns, 3);
        double[] soft = new double[x.Length], log = new double[x.Length], sums = new double[rows];
        for (int i = 0; i < rows; i++)
        {
            double sum = 0;
            for (int j = 0; j < columns; j++)
                sum += Math.Exp(x[i * columns + j]);
            sums[i] = Math.Log(sum);
            for (int j = 0; j < columns; j++)
            {
                log[i * columns + j] = x[i * columns + j] - sums[i];
                soft[i * columns + j] = Math.Exp(log[i * columns + j]);
            }
        }
        using var scope = NewDisposeScope();
        Tensor logits = Reference.Matrix(x, rows, columns, ScalarType.Float64);
        Reference.AreClose(soft, logits.softmax(-1), 1e-14);
        Reference.AreClose(soft, softmax(logits, 1), 1e-14);
        Reference.AreClose(soft, nn.functional.softmax(logits, 1), 1e-14);
        Reference.AreClose(log, logits.log_softmax(-1), 1e-14);
        Reference.AreClose(log, nn.functional.log_softmax(logits, 1), 1e-14);
        Reference.AreClose(sums, logits.logsumexp(1), 1e-14);
        Assert.AreEqual(2, logits.logsumexp(1, keepdim: true).ndim);
    }

    [TestMethod]
    public void ReductionsEqualTheLoops()
    {
        const int rows = 3, columns = 4;
        double[] x = Reference.Numbers(rows * columns, 4);
        double[] byRow = new double[rows], byColumn = new double[columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                byRow[i] += x[i * columns + j];
                byColumn[j] += x[i * columns + j];
            }
        }
        double mean = x.Average();
        using var scope = NewDisposeScope();
        Tensor t = Reference.Matrix(x, rows, columns, ScalarType.Float64);
        Reference.AreClose([x.Sum()], t.sum(), 1e-14);
        Reference.AreClose(byRow, t.sum(1), 1e-14);
        Reference.AreClose(byColumn, t.sum([0L]), 1e-14);
        Reference.AreClose([.. byRow.Select(v => v / columns)], t.mean([1L], keepdim: true), 1e-14);
        Reference.AreClose([mean], t.mean(), 1e-14);
        Reference.AreClose([x.Max()], t.max(), 0);
        Reference.AreClose([x.Min()], t.min(), 0);
        Reference.AreClose([Math.Sqrt(x.Sum(v => v * v))], t.norm(), 1e-14);
        Assert.AreEqual((long)Array.IndexOf(x, x.Max()), t.argmax().ToInt64());
        var (values, indexes) = t.max(1);
        for (int i = 0; i < rows; i++)
        {
            double[] row = x[(i * columns)..((i + 1) * columns)];
            Assert.AreEqual(row.Max(), values[i].ToDouble());
            Assert.AreEqual((long)Array.IndexOf(row, row.Max()), indexes[i].ToInt64());
        }
    }

    [TestMethod]
    public void ElementwiseFunctionsEqualTheLoops()
    {
        double[] x = [.. Reference.Numbers(20, 5).Select(v => v * 3)];
        using var scope = NewDisposeScope();
        Tensor t = tensor(x);
        Reference.AreClose([.. x.Select(Math.Exp)], t.exp(), 1e-14);
        Reference.AreClose([.. x.Select(Math.Abs)], t.abs(), 0);
        Reference.AreClose([.. x.Select(v => Math.Log(Math.Abs(v)))], t.abs().log(), 1e-14);
        Reference.AreClose([.. x.Select(Math.Tanh)], t.tanh(), 1e-14);
        Reference.AreClose([.. x.Select(v => 1 / (1 + Math.Exp(-v)))], t.sigmoid(), 1e-14);
        Reference.AreClose([.. x.Select(v => v / (1 + Math.Exp(-v)))], nn.functional.silu(t), 1e-14);
        Reference.AreClose([.. x.Select(v => v * v)], t.square(), 1e-15);
        Reference.AreClose([.. x.Select(v => v * v * v)], t.pow(3), 1e-14);
        Reference.AreClose([.. x.Select(v => 1 / Math.Sqrt(Math.Abs(v)))], t.abs().rsqrt(), 1e-14);
        Reference.AreClose([.. x.Select(v => Math.Clamp(v, -1, 0.5))], t.clamp(-1, 0.5), 0);
        Reference.AreClose([.. x.Select(v => -v)], -t, 0);
        Reference.AreClose([.. x.Select(v => 2 - v / 4)], 2 - t / 4, 1e-15);
        double total = 0;
        Reference.AreClose([.. x.Select(v => total += v)], t.cumsum(0), 1e-14);
    }

    [TestMethod]
    public void SortingFindsTheOrderOfTheValues()
    {
        double[] x = Reference.Numbers(30, 6);
        long[] order = [.. Enumerable.Range(0, x.Length).OrderByDescending(i => x[i]).Select(i => (long)i)];
        using var scope = NewDisposeScope();
        Tensor t = tensor(x);
        var (sorted, indices) = t.sort(0, descending: true);
        CollectionAssert.AreEqual(order, indices.data<long>().ToArray());
        Reference.AreClose([.. order.Select(i => x[i])], sorted, 0);
        CollectionAssert.AreEqual(order, t.argsort(0, descending: true).data<long>().ToArray());
        var (best, where) = t.topk(5);
        CollectionAssert.AreEqual(order[..5], where.data<long>().ToArray());
        Reference.AreClose([.. order[..5].Select(i => x[i])], best, 0);
    }

    [TestMethod]
    public void CrossEntropyEqualsTheLoopAndIgnoresWhatItIsTold()
    {
        const int rows = 5, columns = 6;
        double[] x = Reference.Numbers(rows * columns, 7);
        long[] targets = [3, -100, 0, 5, 2];
        double[] losses = new double[rows];
        for (int i = 0; i < rows; i++)
        {
            if (targets[i] < 0)
                continue;
            double sum = Enumerable.Range(0, columns).Sum(j => Math.Exp(x[i * columns + j]));
            losses[i] = Math.Log(sum) - x[i * columns + targets[i]];
        }
        using var scope = NewDisposeScope();
        Tensor logits = Reference.Matrix(x, rows, columns, ScalarType.Float64), wanted = tensor(targets);
        Reference.AreClose(losses, nn.functional.cross_entropy(logits, wanted, reduction: nn.Reduction.None), 1e-14);
        Reference.AreClose([losses.Sum()], nn.functional.cross_entropy(logits, wanted, reduction: nn.Reduction.Sum), 1e-14);
        Reference.AreClose([losses.Sum() / 4], nn.functional.cross_entropy(logits, wanted), 1e-14);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void AttentionEqualsTheLoop(bool causal)
    {
        const int length = 4, size = 3;
        double[] q = Reference.Numbers(length * size, 8), k = Reference.Numbers(length * size, 9), v = Reference.Numbers(length * size, 10);
        double[] expected = new double[length * size];
        for (int i = 0; i < length; i++)
        {
            int seen = causal ? i + 1 : length;
            double[] weights = [.. Enumerable.Range(0, seen).Select(j => Math.Exp(Enumerable.Range(0, size).Sum(d => q[i * size + d] * k[j * size + d]) / Math.Sqrt(size)))];
            for (int j = 0; j < seen; j++)
            {
                for (int d = 0; d < size; d++)
                    expected[i * size + d] += weights[j] / weights.Sum() * v[j * size + d];
            }
        }
        using var scope = NewDisposeScope();
        Tensor Heads(double[] values) => tensor(values, [1, 1, length, size]);
        Tensor result = nn.functional.scaled_dot_product_attention(Heads(q), Heads(k), Heads(v), is_casual: causal);
        Reference.AreClose(expected, result, 1e-13);
    }
}
