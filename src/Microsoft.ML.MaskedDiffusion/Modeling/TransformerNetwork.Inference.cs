using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <content>What scoring and sampling ask: states at some positions, and probabilities of given tokens.</content>
internal sealed unsafe partial class TransformerNetwork
{
    /// <summary>
    /// The states after the final norm at some positions only, [n, d], for tokens [batch, length] of Int64 and ascending places row * length + position. What only
    /// the other positions would need is left out, and no gradient is recorded; on our kernels each state has the bits it has in <see cref="Hidden"/>.
    /// </summary>
    public Tensor HiddenAt(Tensor tokens, long[] places)
    {
        _uses.Enter(this);
        try
        {
            Check(tokens);
            long end = tokens.NumberOfElements, least = 0;
            foreach (long place in places)
            {
                if (place < least || place >= end)
                    throw new ArgumentOutOfRangeException(nameof(places), place, $"Places ascend, without repetition, from 0 to {end - 1}.");
                least = place + 1;
            }
            using IDisposable noGradient = no_grad();
            if (_kernels is not null)
                return Infer(tokens, places);
            using Tensor asked = tensor(places, device: Device);
            return TorchHidden(tokens, asked);
        }
        finally
        {
            _uses.Exit();
        }
    }

    /// <summary>Whether <see cref="LogProbabilities"/> is there: the network runs on our own kernels.</summary>
    public bool HasKernels => _kernels is not null;

    /// <summary>
    /// log p(target), nats, from states [n, d] on our kernels, without writing logits down. With <paramref name="others"/>, states of equal shape, the logits are
    /// guided by them with strength <paramref name="guidanceScale"/>. Query i asks row <paramref name="rows"/>[i] about <paramref name="targets"/>[i].
    /// </summary>
    public void LogProbabilities(Tensor states, Tensor? others, double guidanceScale, int[] rows, int[] targets, Span<double> destination)
    {
        _uses.Enter(this);
        try
        {
            if (_kernels is null)
                throw new InvalidOperationException("This network runs on torch's operators; take its logits instead.");
            VocabularyKernels.LogProbabilities(TensorMemory.Floats(states), others is null ? null : TensorMemory.Floats(others), (float)(1 + guidanceScale), (int)states.size(0),
                Config.EmbeddingSize, TensorMemory.Floats(_parameters["lm_head.weight"]), Config.VocabularySize, rows, targets, destination, _rounded);
        }
        finally
        {
            _uses.Exit();
        }
    }

    private Tensor Infer(Tensor tokens, long[]? places)
    {
        using Tensor dense = tokens.contiguous();
        int batch = (int)tokens.size(0), length = (int)tokens.size(1);
        Tensor states = places is null ? empty(batch, length, Config.EmbeddingSize) : empty(places.Length, Config.EmbeddingSize);
        if (places is { Length: 0 })
            return states;
        fixed (long* asked = places)
            _kernels!.Infer(_weights!, TensorMemory.Integers(dense), batch, length, asked, places?.Length ?? 0, TensorMemory.Floats(states));
        return states;
    }
}
