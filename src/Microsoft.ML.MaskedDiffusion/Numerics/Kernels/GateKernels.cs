using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// The product of a gated layer (Shazeer, 2020), element by element: y = f(a) b, where f is <see cref="Silu"/> (eq. 6) or
/// <see cref="Gelu"/> (eq. 5), and <see cref="Gelu"/> alone.
/// </summary>
internal static unsafe class GateKernels
{
    private const int Piece = 1 << 14;

    /// <summary>A function of sixteen floats, and its derivative.</summary>
    private interface IActivation
    {
        static abstract Vector512<float> Value(Vector512<float> x);

        static abstract (Vector512<float> Value, Vector512<float> Slope) ValueAndSlope(Vector512<float> x);
    }

    /// <summary>y of <paramref name="count"/> numbers, which may be written over the gate.</summary>
    public static void Forward(float* gate, float* up, float* y, long count, bool gelu = false)
    {
        if (gelu)
            Forward<Gelu>(gate, up, y, count);
        else
            Forward<Silu>(gate, up, y, count);
    }

    /// <summary>The gradients of both factors; <paramref name="dyToY"/> holds dy, over which y is written again.</summary>
    public static void Backward(float* gate, float* up, float* dyToY, float* dGate, float* dUp, long count, bool gelu = false)
    {
        if (gelu)
            Backward<Gelu>(gate, up, dyToY, dGate, dUp, count);
        else
            Backward<Silu>(gate, up, dyToY, dGate, dUp, count);
    }

    /// <summary>GELU of <paramref name="count"/> numbers; y may be the same memory as x.</summary>
    public static void ForwardGelu(float* x, float* y, long count) => Workers.Rows(count, Piece, (first, last) =>
    {
        for (long i = first; i < last; i += VectorMath.Lanes)
        {
            int have = (int)Math.Min(VectorMath.Lanes, last - i);
            VectorMath.Store(Gelu.Value(VectorMath.Load(x + i, have)), y + i, have);
        }
    });

    /// <summary>Turns the gradient of GELU's values into that of x, in place.</summary>
    public static void BackwardGelu(float* x, float* dy, long count) => Workers.Rows(count, Piece, (first, last) =>
    {
        for (long i = first; i < last; i += VectorMath.Lanes)
        {
            int have = (int)Math.Min(VectorMath.Lanes, last - i);
            Vector512<float> slope = Gelu.ValueAndSlope(VectorMath.Load(x + i, have)).Slope;
            VectorMath.Store(VectorMath.Load(dy + i, have) * slope, dy + i, have);
        }
    });

    private static void Forward<T>(float* gate, float* up, float* y, long count)
        where T : struct, IActivation => Workers.Rows(count, Piece, (first, last) =>
    {
        for (long i = first; i < last; i += VectorMath.Lanes)
        {
            int have = (int)Math.Min(VectorMath.Lanes, last - i);
            VectorMath.Store(T.Value(VectorMath.Load(gate + i, have)) * VectorMath.Load(up + i, have), y + i, have);
        }
    });

    private static void Backward<T>(float* gate, float* up, float* dyToY, float* dGate, float* dUp, long count)
        where T : struct, IActivation => Workers.Rows(count, Piece, (first, last) =>
    {
        for (long i = first; i < last; i += VectorMath.Lanes)
        {
            int have = (int)Math.Min(VectorMath.Lanes, last - i);
            Vector512<float> b = VectorMath.Load(up + i, have), dy = VectorMath.Load(dyToY + i, have);
            (Vector512<float> value, Vector512<float> slope) = T.ValueAndSlope(VectorMath.Load(gate + i, have));
            VectorMath.Store(dy * b * slope, dGate + i, have);
            VectorMath.Store(dy * value, dUp + i, have);
            VectorMath.Store(value * b, dyToY + i, have);
        }
    });

    /// <summary>x sigmoid(x).</summary>
    private readonly struct Silu : IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Value(Vector512<float> x) => x * VectorMath.Sigmoid(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static (Vector512<float> Value, Vector512<float> Slope) ValueAndSlope(Vector512<float> x)
        {
            Vector512<float> sigmoid = VectorMath.Sigmoid(x), silu = x * sigmoid;
            return (silu, Vector512.FusedMultiplyAdd(silu, Vector512<float>.One - sigmoid, sigmoid));
        }
    }

    /// <summary>x times the normal distribution's share below x (Hendrycks and Gimpel, 2016).</summary>
    private readonly struct Gelu : IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Value(Vector512<float> x) => x * VectorMath.NormalShare(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static (Vector512<float> Value, Vector512<float> Slope) ValueAndSlope(Vector512<float> x)
        {
            Vector512<float> share = VectorMath.NormalShare(x);
            return (x * share, Vector512.FusedMultiplyAdd(x, VectorMath.NormalDensity(x), share));
        }
    }
}
