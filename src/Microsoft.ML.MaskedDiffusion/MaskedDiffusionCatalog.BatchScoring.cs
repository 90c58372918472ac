using Microsoft.ML.MaskedDiffusion.BatchScoring;

namespace Microsoft.ML.MaskedDiffusion;

/// <content>Files of rows.</content>
public sealed partial class MaskedDiffusionCatalog
{
    /// <summary>
    /// Applies a transformer or chain to the rows of a file of any size and writes a file with the results, both in CSV, TSV, JSON lines
    /// or Parquet. Rows come in the input's order and keep what is in them byte for byte where both formats are the same. Called again
    /// after a kill or a cancellation it goes on after the last block of rows, and the output is the same to the byte. The outputs of all
    /// <see cref="BatchScoringOptions.Shard"/>s, one after another, are the output of the whole file (not in Parquet, where each is a file
    /// of its own).
    /// </summary>
    /// <remarks>
    /// Memory: a block of rows (in Parquet, a row group), whatever the file's length. Before it goes on it scores the last row once more,
    /// and refuses if another result stands in the output: then model or options are others.
    /// </remarks>
    /// <param name="transformer">A transformer or chain that maps rows one to one.</param>
    /// <param name="options">Files, formats, columns, bad rows, shards; copied and checked.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of its range, a column is missing or of another type, or the transformer does not map rows one to one.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is no input.</exception>
    /// <exception cref="InvalidDataException">
    /// The input is damaged, a row cannot be read or scored, or what an earlier call left belongs to other settings.
    /// </exception>
    /// <exception cref="IOException">The output exists, another process writes it, or the disk refuses.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public BatchScoringResult ScoreFile(ITransformer transformer, BatchScoringOptions options)
    {
        ArgumentNullException.ThrowIfNull(transformer);
        ArgumentNullException.ThrowIfNull(options);
        BatchScoringOptions own = options.Clone();
        own.Check();
        using var run = new BatchRun(transformer, own);
        return run.Run();
    }
}
