using static TorchSharp.torch;

namespace StandIns.Tests.Torch;

/// <summary>Plain double loops to hold tensors against.</summary>
internal static class Reference
{
    /// <summary>Values in [-1, 1) of a fixed sequence, so that every run sees the same numbers.</summary>
    public static double[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return Enumerable.Range(0, count).Select(_ => random.NextDouble() * 2 - 1).ToArray();
    }

    public static Tensor Matrix(double[] values, long rows, long columns, ScalarType type = ScalarType.Float32)
    {
        using Tensor flat = tensor(values, dtype: type);
        return flat.reshape(rows, columns);
    }

    public static double[] Product(double[] a, double[] b, int rows, int inner, int columns)
    {
        double[] result = new double[rows * columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                for (int k = 0; k < inner; k++)
                    result[i * columns + j] += a[i * inner + k] * b[k * columns + j];
            }
        }
        return result;
    }

    public static double[] Doubles(Tensor tensor)
    {
        using Tensor plain = tensor.detach();
        using Tensor host = plain.cpu();
        using Tensor wide = host.to(ScalarType.Float64);
        using Tensor dense = wide.contiguous();
        return dense.data<double>().ToArray();
    }

    public static void AreClose(double[] expected, Tensor? actual, double tolerance)
    {
        Assert.IsNotNull(actual);
        double[] values = Doubles(actual);
        Assert.AreEqual(expected.Length, values.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], values[i], tolerance * Math.Max(1, Math.Abs(expected[i])), $"element {i}");
    }
}
