using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// Functions of sixteen floats at once. Each is one fixed sequence of operations, so that results are the same on every processor.
/// </summary>
internal static unsafe class VectorMath
{
    public const int Lanes = 16;

    /// <summary>
    /// e^x to within 2 units in the last place; 0 below -87.3, and e^88.3 above 88.3. Range reduction by ln 2 and the degree-6 polynomial
    /// of Cephes' expf (Moshier).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        // Adding 1.5 * 2^23 rounds to the nearest integer, which is then in the low bits.
        Vector512<float> magic = Vector512.Create(12582912f);
        // The processor's own minimum and maximum return the second operand if one is NaN, so that NaN is passed on.
        Vector512<float> clamped = Vector512.MinNative(Vector512.Create(88.3f), Vector512.MaxNative(Vector512.Create(-87.3f), x));
        Vector512<float> shifted = Vector512.FusedMultiplyAdd(clamped, Vector512.Create(1.44269504088896341f), magic);
        Vector512<float> n = shifted - magic;
        Vector512<float> r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), clamped);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), r);
        Vector512<float> p = Vector512.Create(1.9875691500e-4f);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512<float>.One;
        Vector512<int> exponent = Vector512.ShiftLeft(shifted.AsInt32() - magic.AsInt32(), 23);
        Vector512<float> result = (p.AsInt32() + exponent).AsSingle();
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(-87.3f)), Vector512<float>.Zero, result);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>
    /// erf(x) to within 2.5e-7. Polynomials that were fitted to it: x times one in x^2 up to |x| = 1, and beyond that 1 - e^q with one for
    /// the logarithm of 1 - erf, which ends at 4, where erf is 1 in 32 bits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Erf(Vector512<float> x)
    {
        Vector512<float> square = x * x, inner = Vector512.Create(7.875874871388078e-5f);
        inner = Vector512.FusedMultiplyAdd(inner, square, Vector512.Create(-8.01686430349946e-4f));
        inner = Vector512.FusedMultiplyAdd(inner, square, Vector512.Create(5.189087241888046e-3f));
        inner = Vector512.FusedMultiplyAdd(inner, square, Vector512.Create(-2.685421146452427e-2f));
        inner = Vector512.FusedMultiplyAdd(inner, square, Vector512.Create(1.1283594369888306e-1f));
        inner = Vector512.FusedMultiplyAdd(inner, square, Vector512.Create(-3.761262595653534e-1f));
        inner = Vector512.FusedMultiplyAdd(inner, square, Vector512.Create(1.1283791065216064f)) * x;
        Vector512<float> size = Vector512.Abs(x), near = Vector512.MinNative(Vector512.Create(4f), size);
        Vector512<float> q = Vector512.Create(1.6371513993362896e-6f);
        q = Vector512.FusedMultiplyAdd(q, near, Vector512.Create(-4.605804133461788e-5f));
        q = Vector512.FusedMultiplyAdd(q, near, Vector512.Create(5.968056502752006e-4f));
        q = Vector512.FusedMultiplyAdd(q, near, Vector512.Create(-4.759596195071936e-3f));
        q = Vector512.FusedMultiplyAdd(q, near, Vector512.Create(2.6421135291457176e-2f));
        q = Vector512.FusedMultiplyAdd(q, near, Vector512.Create(-1.1008008569478989e-1f));
        q = Vector512.FusedMultiplyAdd(q, near, Vector512.Create(-6.318260431289673e-1f));
        q = Vector512.FusedMultiplyAdd(q, near, Vector512.Create(-1.1302334070205688f));
        q = Vector512.FusedMultiplyAdd(q, near, Vector512.Create(3.201380604878068e-4f));
        Vector512<float> outer = Vector512<float>.One - Exp(q);
        outer = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), -outer, outer);
        return Vector512.ConditionalSelect(Vector512.LessThan(size, Vector512<float>.One), inner, outer);
    }

    /// <summary>The normal distribution's share below x, (1 + erf(x / sqrt(2))) / 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> NormalShare(Vector512<float> x)
    {
        Vector512<float> half = Vector512.Create(0.5f);
        return Vector512.FusedMultiplyAdd(Erf(x * Vector512.Create(0.70710678118654752f)), half, half);
    }

    /// <summary>The normal distribution's density at x, e^(-x^2 / 2) / sqrt(2 pi).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> NormalDensity(Vector512<float> x) =>
        Exp(x * x * Vector512.Create(-0.5f)) * Vector512.Create(0.39894228040143268f);

    /// <summary>
    /// The first <paramref name="count"/> floats of <paramref name="source"/>, and <paramref name="filler"/> in the other places.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source, int count, float filler = 0) =>
        count >= Lanes ? Vector512.Load(source) : LoadPart(source, count, filler);

    /// <summary>Stores the first <paramref name="count"/> numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> value, float* destination, int count)
    {
        if (count >= Lanes)
            value.Store(destination);
        else
            StorePart(value, destination, count);
    }

    /// <summary>The sum of all lanes, halves first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> value)
    {
        Vector256<float> half = value.GetLower() + value.GetUpper();
        Vector128<float> quarter = half.GetLower() + half.GetUpper();
        return quarter[0] + quarter[2] + (quarter[1] + quarter[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(Vector512<float> value)
    {
        Vector256<float> half = Vector256.Max(value.GetLower(), value.GetUpper());
        Vector128<float> quarter = Vector128.Max(half.GetLower(), half.GetUpper());
        return MathF.Max(MathF.Max(quarter[0], quarter[2]), MathF.Max(quarter[1], quarter[3]));
    }

    /// <summary>The sum of a[i] b[i].</summary>
    public static float Dot(float* a, float* b, int count)
    {
        Vector512<float> sum = default;
        for (int i = 0; i < count; i += Lanes)
            sum = Vector512.FusedMultiplyAdd(Load(a + i, count - i), Load(b + i, count - i), sum);
        return Sum(sum);
    }

    // A function of its own: with a buffer on the stack, the callers' loops would not keep their vectors in registers.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static Vector512<float> LoadPart(float* source, int count, float filler)
    {
        if (Avx.IsSupported)
        {
            Vector256<float> others = Vector256.Create(filler), low = FirstLanes(count), high = FirstLanes(count - Lanes / 2);
            return Vector512.Create(
                Vector256.ConditionalSelect(low, Avx.MaskLoad(source, low), others),
                Vector256.ConditionalSelect(high, Avx.MaskLoad(source + Lanes / 2, high), others));
        }
        float* whole = stackalloc float[Lanes];
        for (int i = 0; i < Lanes; i++)
            whole[i] = i < count ? source[i] : filler;
        return Vector512.Load(whole);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void StorePart(Vector512<float> value, float* destination, int count)
    {
        if (Avx.IsSupported)
        {
            Avx.MaskStore(destination, FirstLanes(count), value.GetLower());
            Avx.MaskStore(destination + Lanes / 2, FirstLanes(count - Lanes / 2), value.GetUpper());
            return;
        }
        for (int i = 0; i < count; i++)
            destination[i] = value[i];
    }

    // All bits of the first lanes, of as many as there are where the count is higher; none where it is not above 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> FirstLanes(int count) =>
        Vector256.GreaterThan(Vector256.Create(count), Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7)).AsSingle();
}
