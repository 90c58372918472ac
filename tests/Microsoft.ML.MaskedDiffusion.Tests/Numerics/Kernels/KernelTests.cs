using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The kernels against plain loops in double precision; gradients against central differences of those loops.</summary>
[TestClass]
public sealed unsafe class KernelTests
{
    private const double Step = 1e-5; // central differences of a double: error about step^2 and 1e-16 / step

    [TestMethod]
    public void ExponentialsAreExactToTwoUnits()
    {
        for (double x = -87.2; x < 88.2; x += 0.0137)
        {
            float exact = (float)Math.Exp((float)x), ours = VectorMath.Exp(Vector512.Create((float)x))[3];
            Limit.AtMost(2, Math.Abs(BitConverter.SingleToInt32Bits(exact) - BitConverter.SingleToInt32Bits(ours)), $"e^{x}");
        }
        Assert.AreEqual(0f, VectorMath.Exp(Vector512.Create(float.NegativeInfinity))[0]);
        Assert.AreEqual(1f, VectorMath.Exp(Vector512<float>.Zero)[0]);
        Assert.AreEqual(float.NaN, VectorMath.Exp(Vector512.Create(float.NaN))[0]);
    }

    [TestMethod]
    public void PartsOfAVectorHaveTheFillerBehindThemAndChangeNothingThere()
    {
        float* numbers = stackalloc float[2 * VectorMath.Lanes];
        for (int count = -1; count <= VectorMath.Lanes + 1; count++)
        {
            int used = Math.Clamp(count, 0, VectorMath.Lanes);
            for (int i = 0; i < 2 * VectorMath.Lanes; i++)
                numbers[i] = i + 1;
            Vector512<float> loaded = VectorMath.Load(numbers, count, filler: -7);
            VectorMath.Store(loaded * 2, numbers, count);
            for (int i = 0; i < VectorMath.Lanes; i++)
                Assert.AreEqual(i < used ? i + 1 : -7, loaded[i], $"{count} are loaded, {i}");
            for (int i = 0; i < 2 * VectorMath.Lanes; i++)
                Assert.AreEqual(i < used ? 2 * (i + 1) : i + 1, numbers[i], $"{count} are stored, {i}");
        }
    }

    [TestMethod]
    public void TheErrorFunctionIsExactInThirtyTwoBits()
    {
        double worst = 0, relative = 0;
        for (double at = -6; at <= 6; at += 0.00037)
        {
            float x = (float)at;
            double exact = ErrorFunction(x), ours = VectorMath.Erf(Vector512.Create(x))[7];
            worst = Math.Max(worst, Math.Abs(ours - exact));
            if (x != 0)
                relative = Math.Max(relative, Math.Abs(ours / exact - 1));
        }
        // Four units in the last place of a number just below 1, and as much of every smaller number.
        Limit.AtMost(2.5e-7, worst);
        Limit.AtMost(4e-7, relative);
        foreach ((float x, float y) in new[] { (0f, 0f), (30f, 1f), (-30f, -1f), (float.PositiveInfinity, 1f), (float.NaN, float.NaN) })
            Assert.AreEqual(y, VectorMath.Erf(Vector512.Create(x))[0]);
    }

    [TestMethod]
    [DataRow(5, 16, false)]
    [DataRow(300, 37, false)]
    [DataRow(5, 16, true)]
    [DataRow(300, 37, true)]
    public void NormAndItsGradients(int rows, int width, bool centered)
    {
        float[] x = MatrixProductTests.Draws(rows * width, 1), gain = MatrixProductTests.Draws(width, 2);
        float[] dy = MatrixProductTests.Draws(rows * width, 3), residual = MatrixProductTests.Draws(rows * width, 4);
        float[] y = new float[x.Length], scale = new float[rows], dx = new float[x.Length], dGain = new float[width];
        float[] again = new float[x.Length];
        fixed (float* px = x, pg = gain, pdy = dy, pr = residual, py = y, ps = scale, pdx = dx, pdg = dGain, pa = again)
        {
            NormKernels.Forward(px, pg, 1e-5, py, ps, rows, width, centered);
            NormKernels.Apply(px, pg, ps, pa, rows, width, centered);
            NormKernels.Backward(px, pg, ps, pdy, pr, pdx, pdg, rows, width, centered);
        }
        CollectionAssert.AreEqual(y, again);
        double[] Row(double[] z, double[] g)
        {
            double mean = centered ? z.Average() : 0, factor = 1 / Math.Sqrt(z.Sum(v => (v - mean) * (v - mean)) / width + 1e-5);
            return [.. z.Select((v, i) => (v - mean) * factor * g[i])];
        }
        double[] gains = Doubles(gain), expectedGain = new double[width];
        for (int row = 0; row < rows; row++)
        {
            double[] z = Doubles(x.AsSpan(row * width, width)), up = Doubles(dy.AsSpan(row * width, width)), value = Row(z, gains);
            for (int i = 0; i < width; i++)
            {
                Assert.AreEqual(value[i], y[row * width + i], 2e-6 * (1 + Math.Abs(value[i])));
                expectedGain[i] += value[i] / gains[i] * up[i];
                if (row % 50 != 0)
                    continue;
                double slope = Slope(z, i, v => Row(v, gains).Zip(up, (a, b) => a * b).Sum());
                Assert.AreEqual(slope + residual[row * width + i], dx[row * width + i], 1e-5 * (1 + Math.Abs(slope)));
            }
        }
        for (int i = 0; i < width; i++)
            Assert.AreEqual(expectedGain[i], dGain[i], 1e-5 * rows);
    }

    [TestMethod]
    public void GateAndItsGradients()
    {
        const int Count = 40_007; // no multiple of a vector, more than one piece
        float[] a = MatrixProductTests.Draws(Count, 1, 3), b = MatrixProductTests.Draws(Count, 2), dy = MatrixProductTests.Draws(Count, 3);
        float[] y = new float[Count], da = new float[Count], db = new float[Count], through = [.. dy];
        fixed (float* pa = a, pb = b, py = y, pda = da, pdb = db, pt = through)
        {
            GateKernels.Forward(pa, pb, py, Count);
            GateKernels.Backward(pa, pb, pt, pda, pdb, Count);
        }
        CollectionAssert.AreEqual(y, through);
        for (int i = 0; i < Count; i += 7)
        {
            double sigmoid = 1 / (1 + Math.Exp(-a[i])), silu = a[i] * sigmoid;
            Assert.AreEqual(silu * b[i], y[i], 1e-6 * (1 + Math.Abs(silu * b[i])));
            Assert.AreEqual(dy[i] * silu, db[i], 1e-6 * (1 + Math.Abs(dy[i] * silu)));
            double expected = dy[i] * b[i] * sigmoid * (1 + a[i] * (1 - sigmoid));
            Assert.AreEqual(expected, da[i], 2e-6 * (1 + Math.Abs(expected)));
        }
    }

    [TestMethod]
    public void RotationKeepsLengthsAndTurnsBack()
    {
        const int Rows = 10, Length = 5, Heads = 2, Size = 6;
        float[] qkv = MatrixProductTests.Draws(Rows * Heads * 3 * Size, 1), before = [.. qkv], cos = new float[Length * Size / 2];
        float[] sin = new float[cos.Length];
        for (int i = 0; i < cos.Length; i++)
            (sin[i], cos[i]) = MathF.SinCos(0.3f * i);
        fixed (float* p = qkv, c = cos, s = sin)
        {
            HeadRows turned = new HeadLayout(Heads, Heads, Size).FusedQueriesAndKeys;
            RotaryKernels.Turn(p, turned, c, s, null, Rows, Length, 1);
            for (int row = 0; row < Rows; row++)
                for (int part = 0; part < Heads * 3; part++)
                    for (int i = 0; i < Size / 2; i++)
                    {
                        int at = (row * Heads * 3 + part) * Size + i, table = row % Length * Size / 2 + i;
                        double x = before[at], z = before[at + Size / 2];
                        (double a, double b) = part % 3 == 2 ? (x, z) : (x * cos[table] - z * sin[table], x * sin[table] + z * cos[table]);
                        Assert.AreEqual(a, qkv[at], 1e-6);
                        Assert.AreEqual(b, qkv[at + Size / 2], 1e-6);
                    }
            RotaryKernels.Turn(p, turned, c, s, null, Rows, Length, -1);
        }
        for (int i = 0; i < qkv.Length; i++)
            Assert.AreEqual(before[i], qkv[i], 1e-6);
    }

    [TestMethod]
    [DataRow(3, 97)]
    [DataRow(40, 16)]
    [DataRow(2, 1)]
    public void CrossEntropyAndItsGradient(int rows, int width)
    {
        float[] logits = MatrixProductTests.Draws(rows * width, 1, 5), gradient = MatrixProductTests.Draws(rows, 2), loss = new float[rows];
        float[] logSums = new float[rows];
        long[] targets = [.. Enumerable.Range(0, rows).Select(i => (long)(i * 31 % width))];
        float[] through = [.. logits];
        fixed (float* pl = through, pg = gradient, po = loss, ps = logSums)
        fixed (long* pt = targets)
        {
            CrossEntropyKernels.Forward(pl, pt, po, ps, rows, width);
            CrossEntropyKernels.Backward(pl, pt, ps, pg, pl, rows, width);
        }
        for (int row = 0; row < rows; row++)
        {
            double[] z = Doubles(logits.AsSpan(row * width, width));
            double top = z.Max(), logSum = top + Math.Log(z.Sum(v => Math.Exp(v - top)));
            Assert.AreEqual(logSum - z[targets[row]], loss[row], 2e-6 * (1 + Math.Abs(logSum)));
            for (int i = 0; i < width; i++)
                Assert.AreEqual(
                    gradient[row] * (Math.Exp(z[i] - logSum) - (i == targets[row] ? 1 : 0)), through[row * width + i],
                    2e-6 * (1 + Math.Abs(gradient[row])));
        }
    }

    [TestMethod]
    public void AdamWStepsAsItsFormula()
    {
        const int Count = 70_001;
        float[] p = MatrixProductTests.Draws(Count, 1), m = new float[Count], v = new float[Count];
        double[] parameter = Doubles(p), mean = new double[Count], square = new double[Count];
        for (int step = 1; step <= 3; step++)
        {
            float[] g = MatrixProductTests.Draws(Count, (ulong)step + 1);
            fixed (float* pp = p, pg = g, pm = m, pv = v)
                AdamWKernel.Step(pp, pg, pm, pv, Count, 1e-2, 0.9, 0.95, 1e-8, 0.1, step, 0.5f);
            for (int i = 0; i < Count; i++)
            {
                double d = 0.5 * g[i];
                mean[i] = 0.9 * mean[i] + 0.1 * d;
                square[i] = 0.95 * square[i] + 0.05 * d * d;
                double corrected = mean[i] / (1 - Math.Pow(0.9, step)), root = Math.Sqrt(square[i] / (1 - Math.Pow(0.95, step)));
                parameter[i] = parameter[i] * (1 - 1e-3) - 1e-2 * corrected / (root + 1e-8);
            }
        }
        for (int i = 0; i < Count; i += 11)
            Assert.AreEqual(parameter[i], p[i], 2e-6 * (1 + Math.Abs(parameter[i])));
        fixed (float* pp = p)
            Assert.AreEqual(p.Sum(x => (double)x * x), AdamWKernel.SquaredNorm(pp, Count), 1e-2);
    }

    // The Taylor series below 3 in size, where its terms stay small enough, and Lentz's continued fraction of 1 - erf beyond.
    private static double ErrorFunction(double x)
    {
        double size = Math.Abs(x), sum = 0, term = size;
        if (size < 3)
        {
            for (int n = 0; n < 80; n++)
            {
                sum += term / (2 * n + 1);
                term *= -size * size / (n + 1);
            }
            return Math.Sign(x) * sum * 2 / Math.Sqrt(Math.PI);
        }
        double fraction = size;
        for (int n = 60; n > 0; n--)
            fraction = size + n / 2.0 / fraction;
        return Math.Sign(x) * (1 - Math.Exp(-size * size) / Math.Sqrt(Math.PI) / fraction);
    }

    internal static double[] Doubles(ReadOnlySpan<float> values)
    {
        var result = new double[values.Length];
        for (int i = 0; i < result.Length; i++)
            result[i] = values[i];
        return result;
    }

    internal static double Slope(double[] at, int index, Func<double[], double> f)
    {
        double[] moved = [.. at];
        moved[index] = at[index] + Step;
        double high = f(moved);
        moved[index] = at[index] - Step;
        return (high - f(moved)) / (2 * Step);
    }
}
