using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// SMDM's method: combs of noise levels t, each token hidden with probability t, weight 1 / t. Levels and comparisons are in fp32, as in
/// SMDM.
/// </summary>
internal sealed class MonteCarloMethod() : MaskMethod("MonteCarlo")
{
    // More than an adaptive budget has, which doubles 3 samples to at most 2^24: numbers from here on are free.
    private const int MostRounds = 32;

    public override MaskRound Plan(in RoundKey key)
    {
        if (key.Length == 1)
            return ((MaskMethod)Enumerate).Plan(key);
        int combs = 1 + (key.Samples - 1) / key.RoundSize;
        var offsets = new float[combs];
        for (int comb = 0; comb < combs; comb++)
            offsets[comb] = key.Comb(comb).NextSingle();
        var uniforms = new float[key.Samples][];
        for (int sample = 0; sample < uniforms.Length; sample++)
        {
            CounterRandom random = key.Sample(sample);
            uniforms[sample] = new float[key.Length];
            for (int i = 0; i < key.Length; i++)
                uniforms[sample][i] = random.NextSingle();
        }
        MaskRound round = FromDraws(offsets, uniforms, key.RoundSize);
        // Where nothing is hidden, nothing is asked, and 0 nats without an error would be taken for a certain answer.
        return round.Masks.Any(mask => mask.Hidden.Length > 0) ? round : Plan(key with { Round = key.Round + MostRounds });
    }

    /// <summary>The round of given draws: an offset for each comb, and a uniform number for each sample and answer position.</summary>
    public static MaskRound FromDraws(IReadOnlyList<float> offsets, IReadOnlyList<float[]> uniforms, int roundSize)
    {
        var masks = new AnswerMask[uniforms.Count];
        var levels = new float[uniforms.Count];
        for (int start = 0; start < uniforms.Count; start += roundSize)
        {
            ForwardProcess.Stratify(offsets[start / roundSize], levels.AsSpan(start, Math.Min(roundSize, uniforms.Count - start)));
        }
        for (int sample = 0; sample < masks.Length; sample++)
        {
            var hidden = new List<int>();
            for (int i = 0; i < uniforms[sample].Length; i++)
            {
                if (uniforms[sample][i] < levels[sample])
                    hidden.Add(i);
            }
            masks[sample] = new AnswerMask([.. hidden]);
        }
        return new CombRound(masks, levels, roundSize, uniforms[0].Length);
    }
}

/// <summary>The mean of loss / t over combs of noise levels t.</summary>
internal sealed class CombRound(IReadOnlyList<AnswerMask> masks, float[] levels, int roundSize, int length) : MaskRound(masks)
{
    public override bool IsExact => false;

    public override (double Value, EstimateError Error) Combine(ReadOnlySpan<double> losses)
    {
        double sum = 0;
        // A level so small that nothing is hidden says nothing and counts 0, also where the level itself is 0.
        for (int i = 0; i < losses.Length; i++)
            sum += Masks[i].Hidden.Length == 0 ? 0 : losses[i] / levels[i];
        int[] hidden = [.. Masks.Select(mask => mask.Hidden.Length)];
        // The levels of a comb of fewer draws are further apart.
        return (sum / losses.Length, CombVariance.Of(hidden, losses, length, Math.Min(roundSize, losses.Length)));
    }
}
