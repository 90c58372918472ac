using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Training.Objectives;

/// <summary>What the objectives of diffusion draw from a batch's streams, and the rows that they noise.</summary>
internal static class NoiseDraws
{
    /// <summary>Draws a row's noise level from 0 to 1; the row's own stream moves on by one number in any case.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="row">The row.</param>
    /// <param name="sampling">How levels are drawn.</param>
    /// <param name="random">The row's own stream, at its beginning.</param>
    public static float Level(TokenBatch batch, int row, NoiseLevels sampling, CounterRandom random)
    {
        float level = random.NextSingle();
        if (sampling != NoiseLevels.Stratified)
            return level;
        // The comb spans the whole step, not the micro batch, which must not matter.
        (CounterRandom group, int place) = batch.GroupOf(row);
        return (group.NextSingle() + (float)place / batch.GroupSize) % 1f;
    }

    /// <summary>
    /// Draws a noise level from 0 to 1 for each block of a row; the row's own stream moves on by as many numbers in any case.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="row">The row.</param>
    /// <param name="blocks">Blocks of the row.</param>
    /// <param name="sampling">How levels are drawn.</param>
    /// <param name="random">The row's own stream, at its beginning.</param>
    public static float[] Levels(TokenBatch batch, int row, int blocks, NoiseLevels sampling, CounterRandom random)
    {
        var levels = new float[blocks];
        foreach (ref float level in levels.AsSpan())
            level = random.NextSingle();
        if (sampling != NoiseLevels.Stratified)
            return levels;
        // The comb spans all blocks of the step's rows, such that those of a row are spread over it.
        (CounterRandom group, int place) = batch.GroupOf(row);
        float offset = group.NextSingle();
        for (int block = 0; block < blocks; block++)
            levels[block] = (offset + ((float)block * batch.GroupSize + place) / ((float)blocks * batch.GroupSize)) % 1f;
        return levels;
    }

    /// <summary>Draws whether a micro batch is trained without its prompts.</summary>
    public static bool DropsPrompts(TokenBatch batch, double probability)
    {
        if (probability == 0)
            return false;
        CounterRandom random = batch.RandomOfBatch(RandomPurpose.GuidanceDropout);
        return random.NextDouble() < probability;
    }

    /// <summary>The ids of rows of one length, row after row, and which of them belong to prompts.</summary>
    public static (long[] Tokens, bool[] Kept) Rows(TokenBatch batch, int[] rows)
    {
        int length = batch.RowLength(rows[0]);
        var tokens = new long[rows.Length * length];
        var kept = new bool[tokens.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            batch.Row(rows[i]).CopyTo(tokens.AsSpan(i * length));
            kept.AsSpan(i * length, batch.PromptLength(rows[i])).Fill(true);
        }
        return (tokens, kept);
    }

    /// <summary>Masks the prompts of rows of one length.</summary>
    public static void MaskPrompts(long[] tokens, int length, TokenBatch batch, int[] rows, int maskTokenId)
    {
        for (int i = 0; i < rows.Length; i++)
            tokens.AsSpan(i * length, batch.PromptLength(rows[i])).Fill(maskTokenId);
    }
}
