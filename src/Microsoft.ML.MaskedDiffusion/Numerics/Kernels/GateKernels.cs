using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>The product of SwiGLU (Shazeer, 2020, eq. 6): y = a sigmoid(a) b, element by element.</summary>
internal static unsafe class GateKernels
{
    private const int Piece = 1 << 14;

    public static void Forward(float* gate, float* up, float* y, long count) => Workers.Rows(count, Piece, (first, last) =>
    {
        for (long i = first; i < last; i += VectorMath.Lanes)
        {
            int have = (int)Math.Min(VectorMath.Lanes, last - i);
            Vector512<float> a = VectorMath.Load(gate + i, have);
            VectorMath.Store(a * VectorMath.Sigmoid(a) * VectorMath.Load(up + i, have), y + i, have);
        }
    });

    /// <summary>The gradients of both factors; <paramref name="dyToY"/> holds dy, over which y is written again.</summary>
    public static void Backward(float* gate, float* up, float* dyToY, float* dGate, float* dUp, long count) =>
        Workers.Rows(count, Piece, (first, last) =>
    {
        for (long i = first; i < last; i += VectorMath.Lanes)
        {
            int have = (int)Math.Min(VectorMath.Lanes, last - i);
            Vector512<float> a = VectorMath.Load(gate + i, have), b = VectorMath.Load(up + i, have), dy = VectorMath.Load(dyToY + i, have);
            Vector512<float> sigmoid = VectorMath.Sigmoid(a), silu = a * sigmoid;
            // d silu / da = sigmoid + silu (1 - sigmoid)
            VectorMath.Store(dy * b * Vector512.FusedMultiplyAdd(silu, Vector512<float>.One - sigmoid, sigmoid), dGate + i, have);
            VectorMath.Store(dy * silu, dUp + i, have);
            VectorMath.Store(silu * b, dyToY + i, have);
        }
    });
}
