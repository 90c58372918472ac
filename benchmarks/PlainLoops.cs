using System.Diagnostics;
using Microsoft.ML.MaskedDiffusion.Modeling;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>
/// The loops as they are written on torch's operators in an afternoon: each step of a masked diffusion sampler computes the logits of all
/// positions, and the autoregressive one adds a token to a cache of keys and values.
/// </summary>
internal sealed class PlainLoops(TransformerNetwork network, int promptLength, int newTokens)
{
    private readonly ComposedNetwork _composed = new(network);

    /// <summary>The seconds of one step: all steps cost the same, because the row keeps its length.</summary>
    public double SecondsOfStep(int batch, bool guided, int steps)
    {
        using IDisposable noGradient = no_grad();
        var random = new Random(1);
        int length = promptLength + newTokens, mask = network.Config.MaskTokenId;
        var ids = new long[batch * length];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = i % length < promptLength ? random.Next(mask) : mask;
        long start = 0;
        for (int step = -1; step < steps; step++)
        {
            if (step == 0)
                start = Stopwatch.GetTimestamp();
            using var scope = NewDisposeScope();
            Tensor logits = Logits(ids, length, guided);
            Tensor masked = tensor(ids).eq(mask).nonzero().squeeze(1);
            Tensor chosen = logits.view(-1, logits.size(2)).index_select(0, masked.narrow(0, 0, Math.Min(batch, masked.size(0))));
            Tensor noise = rand_like(chosen, ScalarType.Float64).log().neg().log().neg();
            long[] tokens = (chosen.to(ScalarType.Float64) + noise).argmax(1).data<long>().ToArray();
            // The tokens are drawn and then left out, so that every measured step has as many masks as the first.
            if (tokens.Length == 0)
                throw new InvalidOperationException("A step has chosen nothing.");
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds / steps;
    }

    /// <summary>The seconds of one token of the autoregressive loop, on average over a whole text.</summary>
    public double SecondsOfToken(int batch, int tokens)
    {
        using IDisposable noGradient = no_grad();
        using var outer = NewDisposeScope();
        var random = new Random(1);
        long[] next = [.. Enumerable.Range(0, batch * promptLength).Select(_ => (long)random.Next(network.Config.VocabularySize))];
        var cache = new (Tensor Key, Tensor Value)?[network.Config.LayerCount];
        long start = Stopwatch.GetTimestamp();
        for (int token = 0; token < tokens; token++)
        {
            using var scope = NewDisposeScope();
            int position = token == 0 ? 0 : promptLength + token - 1;
            Tensor logits = _composed.Extend(new TokenRows(next, next.Length / batch), position, cache);
            Tensor noise = rand_like(logits, ScalarType.Float64).log().neg().log().neg();
            next = (logits.to(ScalarType.Float64) + noise).argmax(1).data<long>().ToArray();
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds / tokens;
    }

    private Tensor Logits(long[] ids, int length, bool guided)
    {
        if (!guided)
            return _composed.Forward(new TokenRows(ids, length));
        long[] both = [.. ids, .. ids];
        for (int i = ids.Length; i < both.Length; i++)
        {
            if (i % length < promptLength)
                both[i] = network.Config.MaskTokenId;
        }
        Tensor[] parts = _composed.Forward(new TokenRows(both, length)).chunk(2);
        return parts[1] + (parts[0] - parts[1]) * tensor(2f);
    }
}
