using Microsoft.ML.MaskedDiffusion.Transforms;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What a search compares models by. Immutable.</summary>
public sealed class SearchMetric
{
    private readonly Action<CancellationToken> _check;
    private readonly Func<LikelihoodScoringTransformer, CancellationToken, double> _measure;

    private SearchMetric(
        string name,
        bool lowerIsBetter,
        Action<CancellationToken> check,
        Func<LikelihoodScoringTransformer, CancellationToken, double> measure) =>
        (Name, LowerIsBetter, _check, _measure) = (name, lowerIsBetter, check, measure);

    /// <summary>The metric's name, as the report shows it.</summary>
    public string Name { get; }

    /// <summary>Whether a smaller number is better.</summary>
    public bool LowerIsBetter { get; }

    /// <summary>
    /// Bits per byte of held-out documents, as <see cref="PerplexityEvaluator"/> measures them: comparable between tokenizers and contexts.
    /// </summary>
    /// <param name="documents">
    /// The documents, none of which is trained on. Read anew for each measurement; a search whose documents hold no text, or have no such
    /// column, fails before it trains.
    /// </param>
    /// <param name="textColumnName">Their text column. Default "Text".</param>
    /// <param name="maxDocuments">At most so many of them, the first ones; at least 1. Default 200.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public static SearchMetric BitsPerByte(IDataView documents, string textColumnName = "Text", int maxDocuments = 200)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentException.ThrowIfNullOrWhiteSpace(textColumnName);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxDocuments, 1);
        return new SearchMetric(
            "bits per byte",
            true,
            cancellation =>
            {
                if (!Read(cancellation).Any(document => document.Text.Length > 0))
                {
                    throw new ArgumentException(
                        $"None of the {Read(cancellation).Count()} documents that the search's metric reads has a text in the column "
                        + $"'{textColumnName}'. Hold more documents out of the training.", nameof(documents));
                }
            },
            (lm, cancellation) => new PerplexityEvaluator(lm.Model).Evaluate(Read(cancellation), cancellation).All.BitsPerByte.Value);

        IEnumerable<PerplexityDocument> Read(CancellationToken cancellation) =>
            CorpusReader.Read(documents, textColumnName, null, cancellation).Take(maxDocuments);
    }

    /// <summary>The accuracy of a zero-shot task.</summary>
    /// <param name="task">The task.</param>
    /// <param name="path">A file of its questions; a search whose file holds none, or cannot be read, fails before it trains.</param>
    /// <param name="options">
    /// How to evaluate; null for the defaults. Its log folder must be null, as each model has answers of its own, and its group must have
    /// one process.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The options have a log folder, a group of several processes, or a profile that does not know the task.
    /// </exception>
    public static SearchMetric ZeroShotAccuracy(ZeroShotTask task, string path, ZeroShotOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ZeroShotOptions own = (options ?? new ZeroShotOptions()).Clone();
        if (own.LogFolder is not null)
        {
            throw new ArgumentException(
                "The LogFolder of a search's metric must be null: each model has answers of its own.", nameof(options));
        }
        if (own.ProcessGroup.Size > 1)
        {
            throw new ArgumentException(
                $"The ProcessGroup of a search's metric has {own.ProcessGroup.Size} processes; it must have 1, because a search is the "
                + "work of one. Leave it unset.", nameof(options));
        }
        // Whether the profile knows the task would otherwise show after a training.
        _ = own.Profile.For(task);
        return new SearchMetric(
            $"accuracy of {task.Name}",
            false,
            _ => ZeroShotEvaluator.Read(task, path, own, []),
            (lm, cancellation) => new ZeroShotEvaluator(lm.Model, own).Evaluate(task, path, cancellation).Accuracy.Value);
    }

    /// <summary>A number of your own.</summary>
    /// <param name="name">What the report calls it.</param>
    /// <param name="measure">
    /// Measures a trained transformer, which the search disposes. A number that is not finite counts as the worst.
    /// </param>
    /// <param name="lowerIsBetter">Whether a smaller number is better. Default true.</param>
    public static SearchMetric Of(string name, Func<LikelihoodScoringTransformer, double> measure, bool lowerIsBetter = true)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(measure);
        return new SearchMetric(name, lowerIsBetter, _ => { }, (lm, _) => measure(lm));
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    /// <summary>Looks at the data that it measures by, before anything is trained.</summary>
    internal void Check(CancellationToken cancellation) => _check(cancellation);

    internal double Measure(LikelihoodScoringTransformer lm, CancellationToken cancellation) => _measure(lm, cancellation);

    /// <summary>Whether a number is better than another; any is better than one that is not finite.</summary>
    internal bool IsBetter(double one, double other) =>
        double.IsFinite(one) && (!double.IsFinite(other) || (LowerIsBetter ? one < other : one > other));
}
