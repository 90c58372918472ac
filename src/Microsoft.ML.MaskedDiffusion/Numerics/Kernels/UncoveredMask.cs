using System.Numerics.Tensors;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// Attention on its way from causal to full: a position sees what is before it, and of what is behind it each position with a probability,
/// drawn for each pair (Gong et al., "Scaling Diffusion Language Models via Adaptation from Autoregressive Models", 2024, attention mask
/// annealing). A row that is shorter has the first positions.
/// </summary>
internal sealed class UncoveredMask : AttentionMask
{
    // What is added to a position's scores: 0 where a key is seen, and minus infinity where it is not.
    private readonly float[][] _added;
    private readonly int[] _ends;

    /// <param name="size">Positions, 1 or more.</param>
    /// <param name="probability">How likely a position is to see one that is behind it, 0 to 1.</param>
    /// <param name="random">Decides about each pair.</param>
    public UncoveredMask(int size, double probability, CounterRandom random)
    {
        _added = new float[size][];
        _ends = new int[size];
        int end = 0;
        for (int position = 0; position < size; position++)
        {
            float[] row = _added[position] = new float[size];
            end = Math.Max(end, position + 1);
            for (int key = position + 1; key < size; key++)
            {
                if (random.NextSingle() < probability)
                    end = Math.Max(end, key + 1);
                else
                    row[key] = float.NegativeInfinity;
            }
            _ends[position] = end;
        }
    }

    public override bool Sees(int position, int key) => _added[position][key] == 0;

    public override int End(int position) => _ends[position];

    public override void Hide(Span<float> scores, int position, int start) =>
        TensorPrimitives.Add(scores, _added[position].AsSpan(start, scores.Length), scores);
}
