using Microsoft.ML.MaskedDiffusion.BatchScoring;

namespace Microsoft.ML.MaskedDiffusion;

/// <content>Files of rows.</content>
public sealed partial class MaskedDiffusionCatalog
{
    /// <summary>
    /// Applies a transformer or chain to the rows of a file of any size and writes a file with the results, both in CSV, TSV, JSON lines
    /// or Parquet. Rows come in the input's order, and where both formats are the same, what is kept of them stays byte for byte, with line
    /// breaks and a byte order mark, but without blank lines. Called again after a kill or a cancellation it goes on after the last block
    /// of rows, and the output is the same to the byte. The outputs of all <see cref="BatchScoringOptions.Shard"/>s, one after another, are
    /// the output of the whole file (not in Parquet, where each is a file of its own).
    /// </summary>
    /// <remarks>
    /// Memory: a block of rows (in Parquet, a row group), whatever the file's length. Before it goes on it scores the last sixteen rows
    /// once more, and refuses if another result of one stands in the output: then the model, the options or the input are others.
    /// <para>
    /// In a <see cref="BatchScoringOptions.ProcessGroup"/> each rank scores its part into files beside the output, and the first one joins
    /// them into the output when all are done, so the parts need the room of the output once more on the disk. All ranks return the same
    /// result, with the first one's time. After a kill, as many ranks go on; another number is refused as long as there are parts. Where a
    /// rank fails, the others stop before their next block and throw <see cref="RankFailedException"/>; where one is cancelled, all throw
    /// <see cref="OperationCanceledException"/>.
    /// </para>
    /// </remarks>
    /// <param name="transformer">A transformer or chain that maps rows one to one.</param>
    /// <param name="options">Files, formats, columns, bad rows, shards, processes; copied and checked.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of its range, a column is missing or of another type, or the transformer does not map rows one to one.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is no input.</exception>
    /// <exception cref="InvalidDataException">
    /// The input is damaged, a row cannot be read or scored, or what an earlier call left belongs to other settings.
    /// </exception>
    /// <exception cref="IOException">
    /// The output exists, a folder is in its place, another process writes it, or the disk refuses.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled, on this rank or on another one of its group.</exception>
    /// <exception cref="RankFailedException">Another rank of the group cannot go on.</exception>
    /// <exception cref="InvalidOperationException">A rank has other options, inputs or columns than the first.</exception>
    public BatchScoringResult ScoreFile(ITransformer transformer, BatchScoringOptions options)
    {
        ArgumentNullException.ThrowIfNull(transformer);
        ArgumentNullException.ThrowIfNull(options);
        BatchScoringOptions own = options.Clone();
        if (own.ProcessGroup is { Size: > 1 })
            return GroupRun.Run(transformer, own);
        own.Check();
        using var run = new BatchRun(transformer, own, new BatchFiles(own.OutputPath!, own.Overwrite));
        return run.Run();
    }
}
