using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>The layer whose results x W^T + b are the logits, in 32-bit floats on the processor; for inference W may be narrow.</summary>
/// <param name="Weight">
/// W, [V or more, d]: where the output layer is the embedding table, tokens that are never predicted stand behind the vocabulary.
/// </param>
/// <param name="Bias">b, [V], a leaf of the graph; null for none.</param>
/// <param name="Width">V, the number of logits.</param>
internal sealed unsafe record OutputLayer(Tensor Weight, Tensor? Bias, int Width)
{
    /// <summary>The scales of the rows of an 8-bit W; null for other types.</summary>
    public Tensor? Scales { get; init; }

    /// <summary>Where W is.</summary>
    public WeightMatrix Matrix => WeightMatrix.Of(Weight, Scales);

    /// <summary>Where the bias is; null for none.</summary>
    public float* BiasAddress => Bias is null ? null : TensorMemory.Floats(Bias);

    /// <summary>Writes the logits [rows, V] of <paramref name="x"/> [rows, d], with <paramref name="weight"/> for the matrix.</summary>
    public void Multiply(float* x, WeightMatrix weight, float* logits, int rows, bool rounded)
    {
        weight.Multiply(rows, Width, (int)Weight.size(1), x, logits, rounded);
        if (Bias is not null)
            BiasKernels.Add(logits, BiasAddress, rows, Width);
    }
}
