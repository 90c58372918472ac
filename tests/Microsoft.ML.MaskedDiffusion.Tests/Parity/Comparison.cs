using System.Globalization;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Holds our numbers against the reference's, and both against exact ones where there are some (ours once more in 64 bits). A recorded
/// tolerance is the reference's own distance from exact arithmetic, so arithmetic without any error would just meet it. Ours errs as much
/// in other places, in other directions: both our distance from exact arithmetic and our distance from the reference may be twice the
/// tolerance. Sums of our products in blocks of 32 halve our own errors, but not the distance from the reference, and cost speed.
/// </summary>
internal sealed class Comparison(string file, string figure)
{
    /// <summary>By what a 32-bit number may be off from rounding alone, relative to it: a result cannot be asked to be nearer.</summary>
    public const double HalfUnit = 6e-8;

    /// <summary>
    /// What may be asked of a figure of few numbers, or that few numbers dominate, where the largest error is a matter of luck: the
    /// reference had some.
    /// </summary>
    public const double Few = 3;

    private double _deviation;
    private double _own;
    private double _reference;
    private bool _isExactKnown = true;

    /// <summary>Takes in numbers of one scale: distances are divided by it.</summary>
    public Comparison Add(double[] reference, double[] ours, double[]? exact = null, double scale = 1)
    {
        Assert.HasCount(reference.Length, ours, $"{file} {figure}");
        Assert.IsTrue(ours.All(double.IsFinite), $"{file} {figure}");
        _deviation = Math.Max(_deviation, Largest(reference, ours) / scale);
        if (exact is null)
        {
            _isExactKnown = false;
            return this;
        }
        _own = Math.Max(_own, Largest(ours, exact) / scale);
        _reference = Math.Max(_reference, Largest(reference, exact) / scale);
        return this;
    }

    public Comparison Add(float[] reference, Tensor ours, Tensor? exact = null, double scale = 1) =>
        Add(Numbers(reference), Numbers(ours), exact is null ? null : Numbers(exact), scale);

    /// <summary>Relative to the number itself.</summary>
    public Comparison AddRelative(double reference, double ours, double? exact = null) =>
        Add([reference], [ours], exact is { } value ? [value] : null, Math.Abs(reference));

    /// <summary>Takes in distances found elsewhere.</summary>
    public Comparison AddDistances(double fromReference, double fromExact)
    {
        _deviation = Math.Max(_deviation, fromReference);
        _own = Math.Max(_own, fromExact);
        return this;
    }

    /// <summary>Asserts that our numbers are near the reference's, and near exact ones.</summary>
    /// <param name="recorded">The reference's own error, as recorded with the figure.</param>
    /// <param name="factor">How many times the reference's own error the distances may be.</param>
    public void Check(double recorded, double factor = 2) => Check(recorded, factor, isRecorded: true);

    /// <summary>
    /// The same for a figure that was recorded without its error: the distance of the reference from our exact numbers takes its place.
    /// </summary>
    /// <param name="ceiling">
    /// What this distance may be at most. A reference that is further away is wrong, or our exact numbers are.
    /// </param>
    /// <param name="factor">How many times the reference's own error the distances may be.</param>
    public void CheckUnrecorded(double ceiling, double factor = 2)
    {
        Assert.IsTrue(_isExactKnown, $"{file} {figure}: without exact numbers the reference's own error is not known.");
        Limit.AtMost(ceiling, _reference,
            $"{file} {figure}: the reference is {Text(_reference)} from exact arithmetic, and {Text(ceiling)} is rounding.");
        Check(_reference, factor, isRecorded: false);
    }

    private void Check(double tolerance, double factor, bool isRecorded)
    {
        ParityTable.Add(new ParityFigure(file, figure, _deviation, tolerance, isRecorded, _isExactKnown ? _own : null));
        Limit.AtMost(
            factor * tolerance, _deviation, $"{file} {figure}: off by {Text(_deviation)}, the reference's own error is {Text(tolerance)}");
        if (_isExactKnown)
            Limit.AtMost(
                factor * tolerance, _own, $"{file} {figure}: own error {Text(_own)}, the reference's is {Text(tolerance)}");
    }

    /// <summary>Asserts equality.</summary>
    public static void Equal<T>(string file, string figure, IReadOnlyList<T> reference, IReadOnlyList<T> ours)
    {
        CollectionAssert.AreEqual(reference.ToArray(), ours.ToArray(), $"{file} {figure}");
        ParityTable.Add(new ParityFigure(file, figure, 0, 0));
    }

    public static double[] Numbers(float[] values) => Array.ConvertAll(values, value => (double)value);

    public static double[] Numbers(Tensor values)
    {
        using var scope = NewDisposeScope();
        return values.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();
    }

    private static string Text(double value) => value.ToString("E2", CultureInfo.InvariantCulture);

    private static double Largest(double[] a, double[] b)
    {
        double largest = 0;
        for (int i = 0; i < a.Length; i++)
            largest = Math.Max(largest, Math.Abs(a[i] - b[i]));
        return largest;
    }
}
