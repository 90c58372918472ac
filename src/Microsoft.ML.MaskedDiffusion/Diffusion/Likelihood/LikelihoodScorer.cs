using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A text to score.</summary>
/// <param name="Text">The text whose likelihood is asked for; an empty one is certain: 0 nats, 0 tokens.</param>
/// <param name="Context">
/// The text before it: the score is then -log p(text | context). Null, the default, where the text is a document of its own.
/// </param>
public readonly record struct ScoredText(string Text, string? Context = null);

/// <summary>How likely a text is.</summary>
/// <param name="NegativeLogLikelihood">
/// -log p(text) or -log p(text | context) in nats, summed over the tokens: exact for an autoregressive model, for a masked diffusion model
/// an estimate of its variational upper bound (or what the chosen <see cref="LikelihoodMethod"/> gives).
/// </param>
/// <param name="StandardError">The standard error of that figure in nats; 0 where it is exact.</param>
/// <param name="TokenCount">Tokens that were scored. Divide by it for nats per token.</param>
public readonly record struct TextLikelihood(double NegativeLogLikelihood, double StandardError, int TokenCount);

/// <summary>
/// Scores texts by a model's likelihood without ML.NET: texts in, nats out. It is what <see cref="LikelihoodScoringTransformer"/> computes
/// for a column; rounded to Single the figures are the same bits. The model may be a masked diffusion model or an autoregressive one.
/// </summary>
/// <remarks>
/// <para>A document is scored after the tokenizer's beginning of sequence or, where it has none, its end of sequence. A document that is
/// longer than the model's context is scored in windows and never cut. A text with a context is joined to it by a separator and cut into
/// tokens as lm-evaluation-harness does.</para>
/// <para>A text's figures depend on the text, its context, the model and the options, not on the texts that are scored with it. Texts of
/// one call go through the network together. Any number of threads may use one scorer. The model stays the caller's: it must outlive the
/// scorer.</para>
/// </remarks>
public sealed class LikelihoodScorer
{
    private const int DefaultOrders = 64;

    private readonly MaskedDiffusionModel _model;
    private readonly RequestScorer _scorer;
    private readonly string _separator;
    private readonly ContextOverflow _contextOverflow;
    private readonly int _stride;
    private readonly int[] _start;
    private readonly Func<ScoredText, int, int, string> _describe;
    private readonly InvalidRows _invalidRows;

    /// <summary>Creates a scorer.</summary>
    /// <param name="model">The model that scores; it stays the caller's.</param>
    /// <param name="options">
    /// How likelihoods are estimated; checked and copied. Null, the default: exact-count sampling with 128 masks.
    /// </param>
    /// <param name="separator">
    /// Stands between a context and a text, unless the context is empty, and is scored with the text. Default one space.
    /// </param>
    /// <param name="contextOverflow">
    /// What happens where context and text together are longer than the model's context: <see cref="ContextOverflow.Throw"/>, the default,
    /// or <see cref="ContextOverflow.KeepEnd"/>. A text that leaves no room for context is then scored in windows.
    /// </param>
    /// <param name="stride">
    /// For texts longer than the model's context: each window after the first scores this many new tokens after the tokens before them; 1
    /// to the context length less one. A smaller stride gives more context and costs more. Null, the default: half the context length.
    /// </param>
    /// <exception cref="ArgumentNullException">The model or the separator is null.</exception>
    /// <exception cref="ArgumentException">
    /// A value is out of its range (<see cref="ArgumentOutOfRangeException"/>), or an option does not apply to an autoregressive model.
    /// </exception>
    public LikelihoodScorer(
        MaskedDiffusionModel model,
        LikelihoodOptions? options = null,
        string separator = " ",
        ContextOverflow contextOverflow = ContextOverflow.Throw,
        int? stride = null)
        : this(model, options ?? new LikelihoodOptions(), separator, contextOverflow, stride, DescribeText, InvalidRows.Throw)
    {
        ArgumentNullException.ThrowIfNull(separator);
        if (contextOverflow is not (ContextOverflow.Throw or ContextOverflow.KeepEnd))
        {
            throw new ArgumentOutOfRangeException(nameof(contextOverflow), contextOverflow,
                $"contextOverflow is {contextOverflow}; it must be {ContextOverflow.Throw} or {ContextOverflow.KeepEnd}.");
        }
        int limit = model.Config.ContextLength;
        if (stride < 1 || stride >= limit)
        {
            throw new ArgumentOutOfRangeException(nameof(stride), stride, string.Create(CultureInfo.InvariantCulture,
                $"stride is {stride}; it must be 1 to {limit - 1} tokens (the model's context length less one), or "
                + $"null for half the context."));
        }
    }

    /// <summary>A scorer whose caller has checked the values, and which names a text that is too long in the caller's words.</summary>
    internal LikelihoodScorer(
        MaskedDiffusionModel model,
        LikelihoodOptions options,
        string separator,
        ContextOverflow contextOverflow,
        int? stride,
        Func<ScoredText, int, int, string> describe,
        InvalidRows invalidRows)
    {
        _invalidRows = invalidRows;
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _scorer = RequestScorer.For(model.Network, options);
        _separator = separator;
        _contextOverflow = contextOverflow;
        _stride = stride ?? TextWindows.DefaultStride(model.Config.ContextLength);
        _start = DocumentStart.Of(model.Tokenizer);
        _describe = describe;
    }

    /// <summary>Rows that went through the network so far, in all calls together.</summary>
    public long NetworkRows => _scorer.NetworkRows;

    /// <summary>Scores one text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="context">The text before it; null, the default, where the text is a document of its own.</param>
    /// <param name="cancellationToken">Stops between network calls.</param>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="ArgumentException">
    /// Context and text are longer than the model's context, under <see cref="ContextOverflow.Throw"/>.
    /// </exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public TextLikelihood Score(string text, string? context = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Score([new ScoredText(text, context)], cancellationToken)[0];
    }

    /// <summary>Scores many texts together, which is faster than one after the other.</summary>
    /// <param name="texts">The texts, each with its context if it has one.</param>
    /// <param name="cancellationToken">Stops between network calls.</param>
    /// <returns>One result for each text, in their order.</returns>
    /// <exception cref="ArgumentNullException">The list or one of its texts is null.</exception>
    /// <exception cref="ArgumentException">
    /// A context and its text are longer than the model's context, under <see cref="ContextOverflow.Throw"/>.
    /// </exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public TextLikelihood[] Score(IReadOnlyList<ScoredText> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        LikelihoodRequest[]?[] windows = [.. texts.Select(WindowsOf)];
        LikelihoodEstimate[] estimates = _scorer.Score([.. windows.SelectMany(window => window ?? [])], cancellationToken);
        var results = new TextLikelihood[texts.Count];
        int next = 0;
        for (int i = 0; i < results.Length; i++)
        {
            if (windows[i] is not { } own)
            {
                results[i] = new TextLikelihood(double.NaN, double.NaN, 0);
                continue;
            }
            LikelihoodEstimate[] parts = estimates[next..(next + own.Length)];
            EstimateError error = new RequestCopies().Add(own, parts.Select(part => part.Error));
            results[i] = new TextLikelihood(
                0 - parts.Sum(part => part.LogLikelihood), error.StandardError, parts.Sum(part => part.TokenCount));
            next += own.Length;
        }
        return results;
    }

    /// <summary>Bounds one text's likelihood from both sides.</summary>
    /// <param name="text">The text.</param>
    /// <param name="context">The text before it; null, the default, where the text is a document of its own.</param>
    /// <param name="orders">As of <see cref="Interval(IReadOnlyList{ScoredText}, int, CancellationToken)"/>.</param>
    /// <param name="cancellationToken">Stops between network calls.</param>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="ArgumentException">
    /// Context and text are longer than the model's context, under <see cref="ContextOverflow.Throw"/>, or
    /// <paramref name="orders"/> is out of its range (<see cref="ArgumentOutOfRangeException"/>).
    /// </exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public LikelihoodInterval Interval(
        string text, string? context = null, int orders = DefaultOrders, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Interval([new ScoredText(text, context)], orders, cancellationToken)[0];
    }

    /// <summary>
    /// Bounds the likelihood of texts from both sides: from below by the variational bound, from above by a tangent of the logarithm
    /// (TUBE; arXiv 2605.24292, 2026). What is bounded is the log-probability that tokens revealed in a random order, one by one at
    /// temperature 1, become the text. Of <see cref="LikelihoodOptions"/> guidance, padding, seed and batch size have an effect.
    /// </summary>
    /// <remarks>
    /// A text of L tokens costs <paramref name="orders"/> times L network rows, less the repeated ones, and 2^L - 1 where that is fewer:
    /// then both figures are exact, and the upper one is the log-probability itself. An autoregressive model has one order and an exact
    /// likelihood, which is both figures. Where attention goes by blocks the orders are those within each block, one block after the other.
    /// </remarks>
    /// <param name="texts">The texts, each with its context if it has one.</param>
    /// <param name="orders">
    /// Orders drawn for each text (or each of its windows), an even number from 8 to 65536. Default 64. More make the interval narrower,
    /// the upper side slowly where the orders' log-probabilities differ by more than 2 nats.
    /// </param>
    /// <param name="cancellationToken">Stops between network calls.</param>
    /// <returns>One interval for each text, in their order.</returns>
    /// <exception cref="ArgumentNullException">The list or one of its texts is null.</exception>
    /// <exception cref="ArgumentException">
    /// A context and its text are longer than the model's context, under <see cref="ContextOverflow.Throw"/>, or
    /// <paramref name="orders"/> is out of its range (<see cref="ArgumentOutOfRangeException"/>).
    /// </exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public LikelihoodInterval[] Interval(
        IReadOnlyList<ScoredText> texts, int orders = DefaultOrders, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        OptionCheck.Require(orders is >= 8 and <= 65536 && orders % 2 == 0, nameof(orders), orders,
            "an even number from 8 to 65536: one half of the orders chooses where the tangent touches for the other half");
        LikelihoodRequest[]?[] windows = [.. texts.Select(WindowsOf)];
        MixtureBounds[] bounds = _scorer.Bound([.. windows.SelectMany(window => window ?? [])], orders, cancellationToken);
        var results = new LikelihoodInterval[texts.Count];
        int next = 0;
        for (int i = 0; i < results.Length; i++)
        {
            LikelihoodRequest[] own = windows[i] ?? [];
            results[i] = windows[i] is null
                ? new LikelihoodInterval(double.NaN, double.NaN, double.NaN, double.NaN, 0)
                : LikelihoodInterval.Sum(own, bounds[next..(next + own.Length)]);
            next += own.Length;
        }
        return results;
    }

    private static string DescribeText(ScoredText text, int contextTokens, int textTokens)
    {
        string context = TextExcerpt.Of(text.Context!);
        return $"The context \"{context}\" has {contextTokens} tokens and the text after it {textTokens}";
    }

    // Null where the text does not fit and is to be left out.
    private LikelihoodRequest[]? WindowsOf(ScoredText scored)
    {
        ArgumentNullException.ThrowIfNull(scored.Text, "texts");
        int limit = _model.Config.ContextLength;
        if (scored.Context is null)
            return [.. TextWindows.Of(_start, _model.Tokenizer.Encode(scored.Text), limit, _stride)];
        if (scored.Text.Length == 0)
            return [];
        string separator = scored.Context.Length == 0 ? "" : _separator;
        (int[] context, int[] text) = QuestionEncoder.Split(_model.Tokenizer, scored.Context, separator + scored.Text);
        if (context.Length + text.Length > limit)
        {
            if (_contextOverflow == ContextOverflow.Throw && _invalidRows == InvalidRows.Skip)
                return null;
            if (_contextOverflow == ContextOverflow.Throw)
                throw TooLong(scored, context.Length, text.Length);
            // A text that leaves room is scored whole, with as much of the context's end as fits. Any other is scored in windows.
            int room = text.Length < limit ? limit - text.Length : limit - _stride;
            context = context[Math.Max(0, context.Length - room)..];
        }
        return [.. TextWindows.Of(context, text, limit, _stride)];
    }

    private ArgumentException TooLong(ScoredText scored, int context, int text) => new(
        $"{_describe(scored, context, text)}: {context + text} together, and the model sees at most {_model.Config.ContextLength}. "
        + "Shorten the text, "
        + $"use a model with a longer context, or set {nameof(ContextOverflow)} to {ContextOverflow.KeepEnd} "
        + "to leave out the context's beginning.");
}
