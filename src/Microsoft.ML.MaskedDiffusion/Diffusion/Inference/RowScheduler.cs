using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>
/// Sends the masked rows of many requests through a network together: only rows of equal length (attention would see padding, which would
/// change results), identical rows once, and at most <paramref name="batchTokens"/> tokens at a time.
/// </summary>
internal sealed class RowScheduler(IRowEvaluator evaluator, double guidanceScale, int batchTokens) : ILogitSource
{
    private long _networkRows;

    /// <summary>Rows that went through the network so far, after removing duplicates.</summary>
    public long NetworkRows => Interlocked.Read(ref _networkRows);

    /// <summary>Sets the negative log-likelihood of every row.</summary>
    public void Score(IEnumerable<MaskedRow> rows, CancellationToken cancellation)
    {
        foreach (IGrouping<(int Length, AttentionBlocks? Blocks), MaskedRow> bucket in Buckets(rows))
        {
            // Equal rows are put next to each other, so that they fall into one batch, where only one of them is computed.
            IEnumerable<MaskedRow> rowsOfLength = bucket.GroupBy(row => row.Tokens, TokenRowComparer.Instance).SelectMany(same => same);
            foreach ((RowBatch batch, List<(MaskedRow Row, int First)> placed) in Batches(rowsOfLength, bucket.Key))
            {
                cancellation.ThrowIfCancellationRequested();
                var values = new double[batch.QueryCount];
                evaluator.LogProbabilities(batch, values);
                Interlocked.Add(ref _networkRows, batch.RowCount);
                foreach ((MaskedRow row, int first) in placed)
                {
                    double sum = 0;
                    for (int i = 0; i < row.Positions.Length; i++)
                        sum -= values[first + i];
                    row.NegativeLogLikelihood = sum;
                }
            }
        }
    }

    /// <summary>
    /// Reads the logits of every position asked for: <paramref name="reader"/> gets the row, the place in its positions, and the logits.
    /// </summary>
    public void Read(IEnumerable<MaskedRow> rows, MaskedRowReader reader, CancellationToken cancellation)
    {
        foreach (IGrouping<(int Length, AttentionBlocks? Blocks), MaskedRow> bucket in Buckets(rows))
        {
            foreach ((RowBatch batch, List<(MaskedRow Row, int First)> placed) in Batches(bucket, bucket.Key))
            {
                cancellation.ThrowIfCancellationRequested();
                var owners = new (MaskedRow Row, int Place)[batch.QueryCount];
                foreach ((MaskedRow row, int first) in placed)
                {
                    for (int i = 0; i < row.Positions.Length; i++)
                        owners[first + i] = (row, i);
                }
                evaluator.ReadLogits(batch, (query, logits) => reader(owners[query].Row, owners[query].Place, logits));
                Interlocked.Add(ref _networkRows, batch.RowCount);
            }
        }
    }

    private static IEnumerable<IGrouping<(int Length, AttentionBlocks? Blocks), MaskedRow>> Buckets(IEnumerable<MaskedRow> rows) => rows
        .GroupBy(row => (row.Tokens.Length, row.Blocks))
        .OrderBy(bucket => bucket.Key.Length).ThenBy(bucket => bucket.Key.Blocks?.First);

    private IEnumerable<(RowBatch Batch, List<(MaskedRow Row, int First)> Placed)> Batches(
        IEnumerable<MaskedRow> bucket, (int Length, AttentionBlocks? Blocks) key)
    {
        var batch = new RowBatch(key.Length, guidanceScale, key.Blocks);
        List<(MaskedRow, int)> placed = [];
        foreach (MaskedRow row in bucket)
        {
            if (row.Cache is not null || row.UnconditionalShift != 0)
                throw new NotSupportedException("Caches and negative prompts need a network session.");
            if (placed.Count > 0 && !batch.Holds(row) && (batch.RowCount + row.NetworkRows) * (long)key.Length > batchTokens)
            {
                yield return (batch, placed);
                batch = new RowBatch(key.Length, guidanceScale, key.Blocks);
                placed = [];
            }
            placed.Add((row, batch.Add(row)));
        }
        if (placed.Count > 0)
            yield return (batch, placed);
    }
}

/// <summary>Takes the (guided) logits [vocabulary] at one of a row's positions. May be called from several threads at once.</summary>
internal delegate void MaskedRowReader(MaskedRow row, int place, ReadOnlySpan<float> logits);
