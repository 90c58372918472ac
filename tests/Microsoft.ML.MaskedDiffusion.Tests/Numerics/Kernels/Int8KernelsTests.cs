using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Rows of 8-bit integers, held to plain loops.</summary>
[TestClass]
public sealed unsafe class Int8KernelsTests
{
    // Rows of special numbers: zeros, ties, the largest and the smallest floats there are, and numbers whose scale loses digits.
    private static readonly float[][] Special =
    [
        [0, -0f, 0, 0],
        [127, 0.5f, 1.5f, -2.5f],
        [-254, 1, 3, 253],
        [float.MaxValue, float.MinValue, 1e30f, 0],
        [float.Epsilon, -float.Epsilon, 0, 0],
        [190 * float.Epsilon, -190 * float.Epsilon, float.Epsilon, 0],
        [1e-40f, 2e-40f, -3e-41f, 0],
        [-5, 4.99f, 1e-8f, -0.02f],
    ];

    private static IEnumerable<object[]> Shapes =>
        new[] { (1, 1), (3, 4), (5, 63), (2, 64), (7, 65), (300, 257), (1, 70_001) }
            .Select(shape => new object[] { shape.Item1, shape.Item2 });

    [TestMethod]
    [DynamicData(nameof(Shapes))]
    public void RowsAreRoundedToMultiplesOfTheirScale(int rows, int width)
    {
        float[] values = MatrixProductTests.Draws(rows * width, 5);
        // Rows of all sizes.
        for (int i = 0; i < values.Length; i++)
            values[i] *= MathF.Pow(10, i / width % 11 - 5);
        AssertQuantized(values, rows, width);
    }

    [TestMethod]
    public void SpecialNumbersAreRoundedTheSameInVectorsAndAlone()
    {
        foreach (float[] row in Special)
        {
            AssertQuantized(row, 1, row.Length);
            // The first 64 numbers of a row are rounded in vectors, the others alone.
            float[] repeated = [.. Enumerable.Repeat(row, 20).SelectMany(one => one)];
            (sbyte[] numbers, _) = AssertQuantized(repeated, 1, repeated.Length);
            for (int i = 0; i < numbers.Length; i++)
                Assert.AreEqual(numbers[i % row.Length], numbers[i], $"{row[i % row.Length]:G9}");
        }
    }

    [TestMethod]
    public void TiesGoToTheEvenInteger()
    {
        (sbyte[] numbers, float[] scales) = AssertQuantized([127, 0.5f, 1.5f, -2.5f, 3.5f, -0.5f], 1, 6);
        Assert.AreEqual(1f, scales[0]);
        CollectionAssert.AreEqual(new sbyte[] { 127, 0, 2, -2, 4, 0 }, numbers);
    }

    [TestMethod]
    public void WidenedNumbersAreWithinHalfAScale()
    {
        const int Rows = 9, Width = 130;
        float[] values = MatrixProductTests.Draws(Rows * Width, 6);
        (sbyte[] numbers, float[] scales) = AssertQuantized(values, Rows, Width);
        for (int row = 0; row < Rows; row++)
        {
            var wide = new float[Width];
            fixed (sbyte* from = numbers)
            fixed (float* to = wide)
                Int8Kernels.Widen(from + row * Width, scales[row], to, Width);
            for (int i = 0; i < Width; i++)
            {
                Assert.AreEqual(numbers[row * Width + i] * scales[row], wide[i]);
                Assert.AreEqual(values[row * Width + i], wide[i], scales[row] * 0.50001);
            }
        }
    }

    private static (sbyte[] Numbers, float[] Scales) AssertQuantized(float[] values, int rows, int width)
    {
        var numbers = new sbyte[rows * width];
        var scales = new float[rows];
        fixed (float* from = values, to = scales)
        fixed (sbyte* integers = numbers)
            Int8Kernels.Quantize(from, integers, to, rows, width);
        for (int row = 0; row < rows; row++)
        {
            float scale = values.AsSpan(row * width, width).ToArray().Max(Math.Abs) / 127;
            Assert.AreEqual(scale, scales[row]);
            for (int i = row * width; i < (row + 1) * width; i++)
            {
                double expected = scale == 0 ? 0 : Math.Clamp(Math.Round((double)(values[i] / scale), MidpointRounding.ToEven), -127, 127);
                Assert.AreEqual((sbyte)expected, numbers[i], $"{values[i]:G9} with {scale:G9}");
            }
        }
        return (numbers, scales);
    }
}
