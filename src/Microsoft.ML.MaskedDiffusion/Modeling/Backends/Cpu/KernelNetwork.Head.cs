using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <content>
/// What stands between the last block and the output layer: the last norm and, in some networks, a prediction head of a dense layer, GELU
/// and a norm.
/// </content>
internal sealed unsafe partial class KernelNetwork
{
    // Turns the last norm's results in hidden [asked, d] into the prediction head's.
    private void Predict(NetworkWeights weights, ForwardTape tape, float* hidden, float* activated)
    {
        int asked = AskedOf(tape);
        MatrixProduct.Multiply(asked, _d, _d, hidden, _d, false, weights.HeadDense.Floats, _d, true, tape.Dense, _d, rounded: Rounded);
        GateKernels.ForwardGelu(tape.Dense, activated, (long)asked * _d);
        _places.Norm(activated, weights.HeadNorm, hidden, tape.DenseScale, asked);
    }

    // The gradient of the last norm's results, given that of the prediction head's.
    private float* PredictBackward(
        NetworkWeights weights, NetworkWeights gradients, ForwardTape tape, BackwardMemory memory, float* dHidden)
    {
        int asked = AskedOf(tape);
        float* states = memory.Normed, dDense = memory.DNormed, dFinal = memory.DStream;
        GateKernels.ForwardGelu(tape.Dense, states, (long)asked * _d);
        _places.NormBackward(
            states, weights.HeadNorm, tape.DenseScale, dHidden, null, dDense, memory.Wanted(gradients.HeadNorm), asked);
        GateKernels.BackwardGelu(tape.Dense, dDense, (long)asked * _d);
        _places.NormAgain(tape.Last, weights.FinalNorm, tape.LastScale, states, asked);
        AddWeightGradient(gradients.HeadDense.Floats, dDense, _d, states, _d, asked);
        MatrixProduct.Multiply(asked, _d, _d, dDense, _d, false, weights.HeadDense.Floats, _d, false, dFinal, _d, rounded: Rounded);
        return dFinal;
    }

    // The states [rows, d] that the output layer reads, given the residual stream after the last block. A session has the dense layer
    // packed.
    private void Finish(NetworkWeights weights, SessionWeights? packed, float* x, float* states, int rows)
    {
        _places.Norm(x, weights.FinalNorm, states, null, rows);
        if (!config.HasPredictionHead)
            return;
        using PooledBuffer product = pool.Rent((long)Math.Min(rows, SharedChunk) * _d);
        float* dense = product.Pointer;
        for (int from = 0; from < rows; from += SharedChunk)
        {
            int n = Math.Min(SharedChunk, rows - from);
            float* part = states + (long)from * _d;
            if (packed is null)
                weights.HeadDense.Multiply(n, _d, _d, part, dense, Rounded);
            else
                packed.Dense.Multiply(n, part, _d, dense, _d);
            GateKernels.ForwardGelu(dense, dense, (long)n * _d);
            _places.Norm(dense, weights.HeadNorm, part, null, n);
        }
    }

    private static int AskedOf(ForwardTape tape) => tape.Places?.Length ?? tape.Tokens.Length;
}
