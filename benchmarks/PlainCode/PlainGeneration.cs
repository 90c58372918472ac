using System.Diagnostics;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.PlainCode;

/// <summary>
/// The loops that write on the plain code: each step of a masked diffusion sampler computes the logits of all masked positions, and the
/// autoregressive one adds a token to a cache of keys and values.
/// </summary>
internal sealed class PlainGeneration(PlainNetwork network, int promptLength, int newTokens)
{
    /// <summary>The seconds of one step: all steps cost the same, because the row keeps its length.</summary>
    public double SecondsOfStep(int batch, bool guided, int steps)
    {
        using IDisposable noGradient = no_grad();
        var random = new Random(1);
        int length = promptLength + newTokens, mask = network.Config.MaskTokenId;
        var ids = new long[batch * length];
        // Half of the new tokens are masked, as on average over the steps of a text.
        for (int i = 0; i < ids.Length; i++)
            ids[i] = i % length < promptLength + newTokens / 2 ? random.Next(mask) : mask;
        long start = 0;
        for (int step = -1; step < steps; step++)
        {
            if (step == 0)
                start = Stopwatch.GetTimestamp();
            using var scope = NewDisposeScope();
            long[] masked = [.. Enumerable.Range(0, ids.Length).Where(at => ids[at] == mask).Select(at => (long)at)];
            Tensor logits = Logits(ids, length, masked, guided);
            Tensor chosen = logits.narrow(0, 0, Math.Min(batch, masked.Length));
            Tensor noise = rand_like(chosen, ScalarType.Float64).log().neg().log().neg();
            long[] tokens = (chosen.to(ScalarType.Float64) + noise).argmax(1).cpu().data<long>().ToArray();
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
            Tensor logits = network.Extend(next, next.Length / batch, position, cache);
            Tensor noise = rand_like(logits, ScalarType.Float64).log().neg().log().neg();
            next = (logits.to(ScalarType.Float64) + noise).argmax(1).cpu().data<long>().ToArray();
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds / tokens;
    }

    private Tensor Logits(long[] ids, int length, long[] places, bool guided)
    {
        if (!guided)
            return network.LogitsAt(ids, length, places);
        long[] both = [.. ids, .. ids];
        for (int i = ids.Length; i < both.Length; i++)
        {
            if (i % length < promptLength)
                both[i] = network.Config.MaskTokenId;
        }
        Tensor[] parts = network.LogitsAt(both, length, [.. places, .. places.Select(place => place + ids.Length)]).chunk(2);
        return parts[1] + (parts[0] - parts[1]) * tensor(2f, device: network.Device);
    }
}
