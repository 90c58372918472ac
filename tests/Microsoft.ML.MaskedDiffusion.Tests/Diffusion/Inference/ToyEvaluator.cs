using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A network in plain doubles: every position looks at every token through random tables and a tanh, then gives seven logits.
/// </summary>
internal sealed class ToyEvaluator : IRowEvaluator
{
    private const int Width = 5;
    private readonly double[,,] _look;
    private readonly double[,] _give;

    public ToyEvaluator(int seed = 1, double sharpness = 1.5)
    {
        var random = new Random(seed);
        double Next() => (random.NextDouble() * 2 - 1) * sharpness;
        _look = new double[2 * ContextLength, VocabularySize + 1, Width];
        _give = new double[Width, VocabularySize];
        for (int offset = 0; offset < 2 * ContextLength; offset++)
            for (int token = 0; token <= VocabularySize; token++)
                for (int k = 0; k < Width; k++)
                    _look[offset, token, k] = Next();
        for (int k = 0; k < Width; k++)
            for (int token = 0; token < VocabularySize; token++)
                _give[k, token] = Next();
    }

    public int VocabularySize => 7;

    public int MaskTokenId => 7;

    public int ContextLength => 24;

    /// <summary>Rows of every call, in order.</summary>
    public List<int[]> Seen { get; } = [];

    /// <summary>Called before each batch.</summary>
    public Action? BeforeBatch { get; set; }

    public double[] Logits(int[] row, int position)
    {
        var logits = new double[VocabularySize];
        for (int k = 0; k < Width; k++)
        {
            double sum = 0;
            for (int j = 0; j < row.Length; j++)
                sum += _look[position - j + ContextLength, row[j], k];
            for (int token = 0; token < logits.Length; token++)
                logits[token] += Math.Tanh(sum) * _give[k, token] * 2;
        }
        return logits;
    }

    /// <summary>log p(token) at a position of a row, with guidance w against the other row.</summary>
    public double LogProbability(int[] row, int[] unconditional, double w, int position, int token)
    {
        double[] logits = Guided(row, unconditional, w, position);
        return logits[token] - Math.Log(logits.Sum(Math.Exp));
    }

    public void LogProbabilities(RowBatch batch, Span<double> destination)
    {
        Look(batch);
        for (int i = 0; i < batch.QueryCount; i++)
        {
            (int[] row, int[] other, int position) = Query(batch, i);
            destination[i] = LogProbability(row, other, batch.GuidanceScale, position, (int)batch.Targets[i]);
        }
    }

    public void ReadLogits(RowBatch batch, LogitReader reader)
    {
        Look(batch);
        for (int i = 0; i < batch.QueryCount; i++)
        {
            (int[] row, int[] other, int position) = Query(batch, i);
            reader(i, [.. Guided(row, other, batch.GuidanceScale, position).Select(logit => (float)logit)]);
        }
    }

    private double[] Guided(int[] row, int[] unconditional, double w, int position)
    {
        double[] conditional = Logits(row, position);
        if (w == 0)
            return conditional;
        double[] free = Logits(unconditional, position);
        return [.. conditional.Zip(free, (c, u) => u + (1 + w) * (c - u))];
    }

    private void Look(RowBatch batch)
    {
        BeforeBatch?.Invoke();
        foreach (int[] row in batch.Rows)
            Assert.AreEqual(batch.Length, row.Length);
        Seen.AddRange(batch.Rows);
    }

    private static (int[] Row, int[] Unconditional, int Position) Query(RowBatch batch, int query)
    {
        long at = batch.Indices[query], other = batch.UnconditionalIndices[query];
        Assert.AreEqual(at % batch.Length, other % batch.Length);
        return (batch.Rows[(int)(at / batch.Length)], batch.Rows[(int)(other / batch.Length)], (int)(at % batch.Length));
    }
}
