using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Noise;

/// <summary>
/// Noise from which a network learns the length of a gap, after DreamOn (arXiv 2602.01326): in a gap of a row some masked tokens are merged
/// with the masked token behind them, and what was there before is the expand token; and masked tokens are added behind the gap's own, which
/// were the delete token. Merged tokens make a gap too short, added ones too long. Immutable and thread-safe.
/// </summary>
/// <param name="config">The network's shape, with length tokens.</param>
/// <param name="ratio">The probability that a row gets this noise, 0 to 1.</param>
/// <param name="maxLength">The most tokens of a gap, and the most tokens that are added to it.</param>
/// <param name="borders">Ids that no gap holds, such as the end of a text.</param>
internal sealed class GapLengthNoise(TransformerConfig config, double ratio, int maxLength, IReadOnlySet<long> borders)
{
    // Half of the gaps merge with this probability, the others with less the more of them is masked, as DreamOn's training does.
    private const double MergeProbability = 0.5;

    /// <summary>Whether <paramref name="random"/>, fresh, chooses a row for this noise.</summary>
    public bool Chooses(CounterRandom random) => random.NextDouble() < ratio;

    /// <summary>Noises a row.</summary>
    /// <param name="row">Its ids.</param>
    /// <param name="promptLength">How many of them at the beginning are given.</param>
    /// <param name="random">The stream that has chosen the row, fresh.</param>
    public GapLengthRow Corrupt(ReadOnlySpan<long> row, int promptLength, CounterRandom random)
    {
        _ = random.NextDouble();
        int added = random.NextInt32(Math.Min(maxLength, (row.Length - promptLength) / 2) + 1);
        // What is added must not make the row longer than the context.
        row = row[..Math.Min(row.Length, config.ContextLength - added)];
        (int start, int length) = ChooseGap(row, promptLength, ref random);
        if (length == 0)
            return new GapLengthRow(row.ToArray(), [], [], 0, 0);
        var level = (float)random.NextDouble();
        var isMasked = new bool[length];
        for (int i = 0; i < length; i++)
            isMasked[i] = random.NextDouble() < level;
        double share = (double)isMasked.Count(masked => masked) / length;
        double merging = random.NextDouble() < 0.5 ? MergeProbability : MergeProbability * (1 - share);

        List<long> ids = [.. row[..start]], targets = [];
        List<int> positions = [];
        void Mask(long target)
        {
            positions.Add(ids.Count);
            targets.Add(target);
            ids.Add(config.MaskTokenId);
        }
        for (int i = 0; i < length; i++)
        {
            if (!isMasked[i])
            {
                ids.Add(row[start + i]);
                continue;
            }
            int first = i;
            while (i + 1 < length && isMasked[i + 1] && random.NextDouble() < merging)
                i++;
            Mask(i > first ? config.ExpandTokenId!.Value : row[start + i]);
        }
        for (int i = 0; i < added; i++)
            Mask(config.DeleteTokenId!.Value);
        ids.AddRange(row[(start + length)..]);
        return new GapLengthRow([.. ids], [.. positions], [.. targets], added, level);
    }

    // A gap of a uniform length at a uniform place, cut where a border comes.
    private (int Start, int Length) ChooseGap(ReadOnlySpan<long> row, int promptLength, ref CounterRandom random)
    {
        List<int> starts = [];
        for (int i = promptLength; i < row.Length; i++)
        {
            if (!borders.Contains(row[i]))
                starts.Add(i);
        }
        if (starts.Count == 0)
            return (0, 0);
        int start = starts[random.NextInt32(starts.Count)], end = start + 1;
        int last = Math.Min(row.Length, start + 1 + random.NextInt32(maxLength));
        while (end < last && !borders.Contains(row[end]))
            end++;
        return (start, end - start);
    }
}

/// <summary>A row with a gap of a wrong length.</summary>
/// <param name="Tokens">What the network sees.</param>
/// <param name="Positions">Where its masked tokens are, ascending.</param>
/// <param name="Targets">What it has to predict there.</param>
/// <param name="Added">How many of the targets are the delete token.</param>
/// <param name="Level">The probability with which the gap's own tokens are masked.</param>
internal sealed record GapLengthRow(long[] Tokens, int[] Positions, long[] Targets, int Added, float Level)
{
    /// <summary>
    /// The weight of each masked token in the row's loss. The masked tokens of the text have the same weight, and those that were added
    /// have the weight of one together, so that a gap much too long does not outweigh all else.
    /// </summary>
    /// <param name="total">What the weights of a row with any masked tokens add up to.</param>
    /// <param name="deleteTokenId">The delete token.</param>
    public float[] Weights(double total, long deleteTokenId)
    {
        int own = Targets.Length - Added;
        double each = total / (own + Math.Min(Added, 1));
        return [.. Targets.Select(target => (float)(target == deleteTokenId ? each / Added : each))];
    }
}
