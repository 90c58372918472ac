namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>
/// What a transform computes: which columns it reads, which it adds, and the function from a batch of rows to a batch of results. A row's
/// result depends on nothing but the row (never on its batch) and the rows that <see cref="Joins"/> ties to it, and rows may be computed on
/// several threads at once.
/// </summary>
internal abstract class RowComputation<TInput, TOutput>
{
    /// <summary>How many rows a cursor reads ahead and computes together.</summary>
    public abstract int BatchSize { get; }

    public abstract IReadOnlyList<InputColumn> Inputs { get; }

    public abstract IReadOnlyList<OutputColumn<TOutput>> Outputs { get; }

    /// <summary>Whether rows may be tied together: the data is then read in its own order, and not row by row.</summary>
    public virtual bool JoinsRows => false;

    /// <summary>Asked for between batches.</summary>
    public virtual CancellationToken CancellationToken => CancellationToken.None;

    /// <summary>A reader of the current row's inputs, copied so that they outlive it; one for each pass over the data.</summary>
    public abstract Func<TInput> Bind(DataViewRow row);

    /// <summary>One result per input, in order.</summary>
    public abstract IReadOnlyList<TOutput> Compute(IReadOnlyList<TInput> rows, CancellationToken cancellationToken);

    /// <summary>The same for rows whose number is known, so that messages can name it.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="firstRow">The number of the first of them in its pass over the data, from 0; null where that is not known.</param>
    /// <param name="cancellationToken">Stops between network calls.</param>
    public virtual IReadOnlyList<TOutput> Compute(IReadOnlyList<TInput> rows, long? firstRow, CancellationToken cancellationToken) =>
        Compute(rows, cancellationToken);

    /// <summary>Whether a row must be computed together with the one before it.</summary>
    public virtual bool Joins(TInput previous, TInput next) => false;

    /// <summary>Called by a cursor after each computed batch.</summary>
    public virtual void Report(long rowsComputed, long? rowsInAll)
    {
    }
}
