using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Asks another evaluator about each prediction only once; for tests that draw the same masks over and over.</summary>
internal sealed class CachedEvaluator(ToyEvaluator inner) : IRowEvaluator
{
    private readonly Dictionary<int[], Dictionary<(int, long), double>> _known = new(TokenRowComparer.Instance);

    public int VocabularySize => inner.VocabularySize;

    public int MaskTokenId => inner.MaskTokenId;

    public int ContextLength => inner.ContextLength;

    public void LogProbabilities(RowBatch batch, Span<double> destination)
    {
        for (int i = 0; i < batch.QueryCount; i++)
        {
            Assert.AreEqual(0, batch.GuidanceScale);
            int[] row = batch.Rows[(int)(batch.Indices[i] / batch.Length)];
            int position = (int)(batch.Indices[i] % batch.Length);
            if (!_known.TryGetValue(row, out Dictionary<(int, long), double>? values))
                _known.Add(row, values = []);
            if (!values.TryGetValue((position, batch.Targets[i]), out destination[i]))
                values.Add(
                    (position, batch.Targets[i]), destination[i] = inner.LogProbability(row, row, 0, position, (int)batch.Targets[i]));
        }
    }

    public void ReadLogits(RowBatch batch, LogitReader reader) => inner.ReadLogits(batch, reader);
}
