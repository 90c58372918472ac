using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Evaluation.Perplexity;
using Microsoft.ML.MaskedDiffusion.Evaluation.Scoring;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// A corpus's perplexity and bits per byte, over all and per group (by date: the SMDM paper's study of temporal shift). Documents are
/// streamed; long ones are scored in windows and never cut. Safe for concurrent use.
/// </summary>
public sealed class PerplexityEvaluator
{
    private readonly IAnswerScorer _scorer;
    private readonly PerplexityOptions _options;

    /// <summary>Creates an evaluator.</summary>
    /// <param name="model">The model. The caller disposes it.</param>
    /// <param name="options">How to score; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is empty or out of range, or does not apply to an autoregressive model.</exception>
    public PerplexityEvaluator(MaskedDiffusionModel model, PerplexityOptions? options = null)
        : this(new ModelAnswerScorer(model), options)
    {
    }

    internal PerplexityEvaluator(IAnswerScorer scorer, PerplexityOptions? options)
    {
        _scorer = scorer;
        _options = (options ?? new PerplexityOptions()).Clone(scorer.ContextLength, scorer.NeedsContext);
        scorer.Require(_options.Likelihood);
    }

    /// <summary>Scores a corpus.</summary>
    /// <param name="documents">The documents, read once.</param>
    /// <param name="cancellationToken">Stops after the current batch of rows.</param>
    /// <exception cref="ArgumentException">There is no document with a token.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    public PerplexityResult Evaluate(IEnumerable<PerplexityDocument> documents, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(documents);
        var all = new PerplexitySums();
        var groups = new SortedDictionary<string, PerplexitySums>(StringComparer.Ordinal);
        long? total = documents.TryGetNonEnumeratedCount(out int count) ? count : null;
        long done = 0, empty = 0, windowed = 0;
        foreach (PerplexityDocument[] batch in documents.Chunk(_options.DocumentsPerBatch))
        {
            cancellationToken.ThrowIfCancellationRequested();
            LikelihoodRequest[][] windows = [.. batch.Select(Windows)];
            // The random numbers of a window come from its content alone, so each is scored as a question of its own.
            LikelihoodEstimate[][] estimates = _scorer.Score(
                [.. windows.SelectMany(document => document).Select(window => new[] { window })], _options.Likelihood, cancellationToken);
            for (int i = 0, next = 0; i < batch.Length; next += windows[i++].Length)
            {
                LikelihoodEstimate[] own = [.. estimates.AsSpan(next, windows[i].Length).ToArray().Select(window => window[0])];
                empty += own.Length == 0 ? 1 : 0;
                windowed += own.Length > 1 ? 1 : 0;
                if (own.Length > 0)
                    Add(batch[i], windows[i], own);
            }
            done += batch.Length;
            _options.Progress?.Report(new ScoringProgress(done, total));
        }
        if (done == empty)
            throw new ArgumentException(
                $"The corpus has {done} documents, none with a token: there is nothing to score.", nameof(documents));
        return new PerplexityResult(
            all.Figures(null), [.. groups.Select(group => group.Value.Figures(group.Key))], empty, windowed, _options.Stride!.Value,
            LikelihoodSettings.Short(_options.Likelihood));

        void Add(PerplexityDocument document, LikelihoodRequest[] windows, LikelihoodEstimate[] estimates)
        {
            int bytes = TextLength.Bytes(document.Text);
            all.Add(windows, estimates, bytes);
            if (document.Group is not { } name)
                return;
            if (!groups.TryGetValue(name, out PerplexitySums? sums))
                groups.Add(name, sums = new PerplexitySums());
            sums.Add(windows, estimates, bytes);
        }
    }

    private LikelihoodRequest[] Windows(PerplexityDocument document)
    {
        int[] text = _scorer.Tokenizer.Encode(document.Text ?? throw new ArgumentException("A document has no text (null)."));
        return [.. TextWindows.Of(DocumentStart.Of(_scorer.Tokenizer), text, _scorer.ContextLength, _options.Stride!.Value)];
    }
}

/// <summary>A document of a corpus.</summary>
/// <param name="Text">The text.</param>
/// <param name="Group">The group for which separate figures are given, such as a month; null for none.</param>
public readonly record struct PerplexityDocument(string Text, string? Group = null);
