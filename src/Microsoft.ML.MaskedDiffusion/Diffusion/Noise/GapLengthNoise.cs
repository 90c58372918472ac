using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Noise;

/// <summary>
/// Noise from which a network learns the length of a gap, with the tokens of DreamOn (arXiv 2602.01326). Of a gap of a row the network sees
/// another number of tokens. Where they are fewer, some stand for several tokens of the text each: they are masked, and their target is the
/// expand token. Where they are more, the last are masked and their target is the delete token. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// The true length and the one that is seen are independent and uniform, so that a network learns from the text alone which is more
/// probable. DreamOn merges neighbours with a probability of their own and adds up to 64 tokens: then most gaps are too long, whatever the
/// text says.
/// </remarks>
/// <param name="config">The network's shape, with length tokens.</param>
/// <param name="ratio">The probability that a row gets this noise, 0 to 1.</param>
/// <param name="maxLength">The most tokens of a gap, in the text and as it is seen.</param>
/// <param name="borders">Ids that no gap holds, such as the end of a text.</param>
internal sealed class GapLengthNoise(TransformerConfig config, double ratio, int maxLength, IReadOnlySet<long> borders)
{
    /// <summary>Noises a row; null where it is not one of those that get this noise.</summary>
    /// <param name="row">Its ids.</param>
    /// <param name="promptLength">How many of them at the beginning are given.</param>
    /// <param name="random">A stream of the row.</param>
    public GapLengthRow? Corrupt(ReadOnlySpan<long> row, int promptLength, CounterRandom random)
    {
        if (random.NextDouble() >= ratio)
            return null;
        (int start, int length) = ChooseGap(row, promptLength, ref random);
        if (length == 0)
            return new GapLengthRow(row.ToArray(), [], []);
        int seen = 1 + random.NextInt32(maxLength);
        // What is added must not make the row longer than the context: the text behind the gap is cut.
        int added = Math.Clamp(seen - length, 0, config.ContextLength - start - length);
        row = row[..Math.Min(row.Length, config.ContextLength - added)];
        int[] sizes = Divide(length, Math.Min(seen, length), ref random);
        double level = random.NextDouble();

        List<long> ids = [.. row[..start]], targets = [];
        List<int> positions = [];
        void Mask(long target)
        {
            positions.Add(ids.Count);
            targets.Add(target);
            ids.Add(config.MaskTokenId);
        }
        int at = start;
        foreach (int size in sizes)
        {
            if (size > 1)
                Mask(config.ExpandTokenId!.Value);
            else if (random.NextDouble() < level)
                Mask(row[at]);
            else
                ids.Add(row[at]);
            at += size;
        }
        for (int i = 0; i < added; i++)
            Mask(config.DeleteTokenId!.Value);
        ids.AddRange(row[at..]);
        return new GapLengthRow([.. ids], [.. positions], [.. targets]);
    }

    // Cuts a length into so many parts of at least one, all ways being equally probable.
    private static int[] Divide(int length, int parts, ref CounterRandom random)
    {
        int[] places = [.. Enumerable.Range(1, length - 1)];
        random.Shuffle<int>(places);
        int[] borders = [0, .. places.Take(parts - 1).Order(), length];
        return [.. borders.Skip(1).Zip(borders, (end, begin) => end - begin)];
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
internal sealed record GapLengthRow(long[] Tokens, int[] Positions, long[] Targets);
