namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>
/// What a transform computes: which columns it reads, which it adds, and the function from a batch of rows to a batch of results.
/// A row's result depends on nothing but the row (never on its batch), and <see cref="Compute"/> may run on several threads at once.
/// </summary>
internal abstract class RowComputation<TInput, TOutput>
{
    /// <summary>How many rows a cursor reads ahead and computes together.</summary>
    public abstract int BatchSize { get; }

    public abstract IReadOnlyList<InputColumn> Inputs { get; }

    public abstract IReadOnlyList<OutputColumn<TOutput>> Outputs { get; }

    /// <summary>Asked for between batches.</summary>
    public virtual CancellationToken CancellationToken => CancellationToken.None;

    /// <summary>A reader of the current row's inputs, copied so that they outlive it.</summary>
    public abstract Func<TInput> Bind(DataViewRow row);

    /// <summary>One result per input, in order.</summary>
    public abstract IReadOnlyList<TOutput> Compute(IReadOnlyList<TInput> rows, CancellationToken cancellationToken);

    /// <summary>Called by a cursor after each computed batch.</summary>
    public virtual void Report(long rowsComputed, long? rowsInAll)
    {
    }
}
