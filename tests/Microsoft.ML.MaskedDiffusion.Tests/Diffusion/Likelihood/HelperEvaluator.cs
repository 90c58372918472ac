using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A network whose bound is a closed form for answers of any length. Each answer token has a loss of its own, and a larger one while its
/// helpers, other answer tokens, are hidden: any of them, or only all of them.
/// </summary>
/// <remarks>
/// The bound is the average over all orders of revealing the answer. In 1 / (m + 1) of them a token comes before all of its m helpers, in m
/// / (m + 1) before at least one of them.
/// </remarks>
internal sealed class HelperEvaluator : IRowEvaluator
{
    private readonly double[] _low, _high;
    private readonly int[][] _helpers;
    private readonly bool _all;

    public HelperEvaluator(int length, int helpers, bool all, double gain, int seed)
    {
        var random = new Random(seed);
        _all = all;
        _low = [.. Enumerable.Range(0, length).Select(_ => 0.5 * Math.Exp(random.NextDouble() * 2 - 1))];
        _high = [.. _low.Select(low => low - gain * Math.Log(1 - random.NextDouble()))];
        _helpers = [.. Enumerable.Range(0, length).Select(i => Others(i).OrderBy(_ => random.NextDouble()).Take(helpers).ToArray())];
        double share = (all ? 1.0 : helpers) / (helpers + 1);
        Bound = Enumerable.Range(0, length).Sum(i => _low[i] + share * (_high[i] - _low[i]));

        IEnumerable<int> Others(int i) => Enumerable.Range(0, length).Where(j => j != i);
    }

    /// <summary>The negative log-likelihood of an answer after a context of one token.</summary>
    public double Bound { get; }

    public int VocabularySize => 7;

    public int MaskTokenId => 7;

    public int ContextLength => 64;

    public void LogProbabilities(RowBatch batch, Span<double> destination)
    {
        for (int i = 0; i < batch.QueryCount; i++)
        {
            int[] row = batch.Rows[(int)(batch.Indices[i] / batch.Length)];
            int token = (int)(batch.Indices[i] % batch.Length) - 1, hidden = 0;
            foreach (int helper in _helpers[token])
                hidden += row[helper + 1] == MaskTokenId ? 1 : 0;
            bool high = _all ? hidden == _helpers[token].Length : hidden > 0;
            destination[i] = -(high ? _high[token] : _low[token]);
        }
    }

    public void ReadLogits(RowBatch batch, LogitReader reader) => throw new NotSupportedException();
}
