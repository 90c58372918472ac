using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Infilling;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Progress;
using Microsoft.ML.MaskedDiffusion.Text;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Fills gaps with a masked diffusion model without ML.NET: texts in, texts out, or rows of token ids in and out. It is what
/// <see cref="InfillTransformer"/> computes for a column, character for character.
/// </summary>
/// <remarks>
/// <para>In a text [MASK] is a gap of one token, [MASK*5] a gap of five, [MASK*2-8] one of two to eight and [MASK*] one of 1 to
/// <see cref="GapOptions.MaxGapLength"/>; <see cref="GapSyntax.Escape"/> makes any text plain. Text outside gaps comes back character for
/// character. A word's token brings the space before it: where a gap stands after a space, there is one space in the end, whether the
/// chosen token brings one or not.</para>
/// <para>Only tokens with text are chosen (no end of sequence, unknown or padding token, none with U+FFFD, and as a text's whole beginning
/// none that is decoded to nothing there), and the tokens of a gap are whole characters together.</para>
/// <para>The length of a gap of unknown length is that with which the text on both sides of it is most probable, and to a part its filling
/// (<see cref="GapOptions.FillingWeight"/>); a model with length tokens can also settle it while it fills the gap
/// (<see cref="GapOptions.LengthMethod"/>). Lengths with which the text would be longer than the model's context are left out. Several
/// such gaps get their lengths one after the other, from left to right, and so do gaps get their candidates. Sampling options have no say
/// in either. docs/infilling.md has the formulas, and what they cost.</para>
/// <para>A text or row is filled the same whatever stands beside it. Those of one call go through the network together. Any number of
/// threads may use one infiller. The model stays the caller's: it must outlive the infiller.</para>
/// </remarks>
public sealed class Infiller
{
    private readonly MaskedDiffusionModel _model;
    private readonly TokenInfiller _infiller;
    private readonly GapSettler _settler;
    private readonly ResizingFiller? _resizing;
    private readonly GapReader _reader;
    private readonly GapOptions _options;
    private readonly int _selfCorrectionSteps;

    /// <summary>Creates an infiller.</summary>
    /// <param name="model">The model that fills; it stays the caller's.</param>
    /// <param name="options">
    /// How tokens are chosen; checked and copied. Null, the default: the most confident first, greedily, one token a step.
    /// </param>
    /// <param name="gaps">How gaps are settled; checked and copied. Null for the defaults.</param>
    /// <exception cref="ArgumentNullException">The model is null.</exception>
    /// <exception cref="ArgumentException">The model is autoregressive, or an option is out of its range.</exception>
    public Infiller(MaskedDiffusionModel model, SamplingOptions? options = null, GapOptions? gaps = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Config.Autoregressive)
        {
            throw new ArgumentException(
                "The model is autoregressive and has no mask token; filling gaps needs a masked diffusion model.", nameof(model));
        }
        options = (options ?? new SamplingOptions()).Clone();
        _options = (gaps ?? new GapOptions()).Clone(options);
        if (_options.LengthMethod == GapLengthMethod.LengthTokens && !model.Config.HasLengthTokens)
        {
            throw new ArgumentException(
                "The model has no tokens that change the length of a gap, which GapLengthMethod.LengthTokens needs: train it on with "
                + "NoiseOptions.GapLengthRatio above 0, or choose GapLengthMethod.Likelihood.", nameof(model));
        }
        _model = model;
        _selfCorrectionSteps = options.SelfCorrectionSteps;
        var evaluator = new NetworkEvaluator(model.Network);
        var vocabulary = new GapVocabulary(model.Tokenizer, model.Config.VocabularySize);
        SessionScheduler Source(double guidanceScale) => new(() => model.Session, guidanceScale, options.BatchTokens);
        _infiller = new TokenInfiller(evaluator, options, vocabulary, Source(options.GuidanceScale));
        _settler = new GapSettler(evaluator, Source(guidanceScale: 0), vocabulary, _options.FillingWeight, options.BatchTokens,
            DocumentStart.Of(model.Tokenizer).Length, model.Tokenizer.EndOfSequenceId);
        _resizing = _options.LengthMethod == GapLengthMethod.LengthTokens
            ? new ResizingFiller(Source(options.GuidanceScale), options, vocabulary, model.Config, model.Tokenizer.EndOfSequenceId)
            : null;
        _reader = new GapReader(model, _options.MaxGapLength);
    }

    /// <summary>Rows that went through the network so far, in all calls together.</summary>
    public long NetworkRows => _infiller.NetworkRows + _settler.NetworkRows + (_resizing?.NetworkRows ?? 0);

    /// <summary>Fills the gaps of one text.</summary>
    /// <param name="text">
    /// The text; without gaps it comes back as it is, less the backslashes that kept plain text from being a gap.
    /// </param>
    /// <param name="cancellationToken">Stops between network calls.</param>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="ArgumentException">The text, gaps included, has more tokens than the model's context.</exception>
    /// <exception cref="FormatException">A gap has no size, or one above <see cref="GapSyntax.MaximumSpan"/>.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public string Fill(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Fill([text], cancellationToken)[0];
    }

    /// <summary>Fills the gaps of many texts together, which is faster than one after the other.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="cancellationToken">Stops between network calls.</param>
    /// <param name="progress">Told the share of all gaps' tokens that are filled, 0 to 1. Default null.</param>
    /// <returns>One text for each, in their order.</returns>
    /// <exception cref="ArgumentNullException">The list or one of its texts is null.</exception>
    /// <exception cref="ArgumentException">A text, gaps included, has more tokens than the model's context.</exception>
    /// <exception cref="FormatException">A gap has no size, or one above <see cref="GapSyntax.MaximumSpan"/>.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public string[] Fill(IReadOnlyList<string> texts, CancellationToken cancellationToken = default, IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return [.. Fill([.. texts.Select(text => new GappedText(text))], cancellationToken, progress).Select(filled => filled.Text)];
    }

    /// <summary>Fills the gaps of one text, with candidates or without, and says how probable the filling is.</summary>
    /// <param name="text">The text, and candidates for its gaps if they are to be chosen from.</param>
    /// <param name="cancellationToken">Stops between network calls.</param>
    /// <exception cref="ArgumentNullException">The text is null.</exception>
    /// <exception cref="ArgumentException">
    /// The text, gaps included, has more tokens than the model's context; or there are no candidates, or only equal ones.
    /// </exception>
    /// <exception cref="FormatException">A gap has no size, or one above <see cref="GapSyntax.MaximumSpan"/>.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public FilledText Fill(GappedText text, CancellationToken cancellationToken = default) => Fill([text], cancellationToken)[0];

    /// <summary>The same for many texts together, which is faster than one after the other.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="cancellationToken">Stops between network calls.</param>
    /// <param name="progress">
    /// Told the share of all gaps' tokens that are filled, 0 to 1, once lengths and candidates are chosen. Default null.
    /// </param>
    /// <returns>One for each, in their order.</returns>
    /// <exception cref="ArgumentNullException">The list or one of its texts is null.</exception>
    /// <exception cref="ArgumentException">
    /// A text, gaps included, has more tokens than the model's context; or there are no candidates, or only equal ones. The message has the
    /// text's number, from 1. Not under <see cref="InvalidRows.Skip"/>.
    /// </exception>
    /// <exception cref="FormatException">
    /// A gap has no size, or one above <see cref="GapSyntax.MaximumSpan"/>. Not under <see cref="InvalidRows.Skip"/>.
    /// </exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public FilledText[] Fill(
        IReadOnlyList<GappedText> texts, CancellationToken cancellationToken = default, IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return Fill(texts, number => texts.Count == 1 ? "A text" : $"Text {number + 1}", cancellationToken, progress);
    }

    /// <summary>Fills the mask tokens of rows of token ids. Equal rows are filled equally, and once.</summary>
    /// <param name="rows">
    /// Rows of token ids, each at most the model's context long, with <see cref="TransformerConfig.MaskTokenId"/> in the gaps. They stay as
    /// they are.
    /// </param>
    /// <param name="cancellationToken">Stops between network calls.</param>
    /// <param name="progress">Told the share of all mask tokens that are filled, 0 to 1. Default null.</param>
    /// <returns>One row for each, in their order and of their lengths, without mask tokens.</returns>
    /// <exception cref="ArgumentNullException">The list or one of its rows is null.</exception>
    /// <exception cref="ArgumentException">A row is longer than the model's context or holds an id outside its vocabulary.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public int[][] Fill(IReadOnlyList<int[]> rows, CancellationToken cancellationToken = default, IProgress<double>? progress = null) =>
        _infiller.Fill(rows, cancellationToken, progress);

    /// <summary>
    /// Corrects rows of token ids that are written: any token with text may be replaced by another one that fits better, as
    /// <see cref="SamplingOptions.SelfCorrectionSteps"/> says. For models trained with a <see cref="NoiseOptions.UniformShare"/>.
    /// </summary>
    /// <param name="rows">Rows of token ids, each at most the model's context long, without mask tokens. They stay as they are.</param>
    /// <param name="cancellationToken">Stops between network calls.</param>
    /// <returns>One row for each, in their order and of their lengths.</returns>
    /// <exception cref="ArgumentNullException">The list or one of its rows is null.</exception>
    /// <exception cref="ArgumentException">
    /// A row is longer than the model's context, holds a mask token or an id outside the model's vocabulary, or
    /// <see cref="SamplingOptions.SelfCorrectionSteps"/> is 0.
    /// </exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public int[][] Correct(IReadOnlyList<int[]> rows, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        OptionCheck.Require(_selfCorrectionSteps > 0, nameof(SamplingOptions.SelfCorrectionSteps), _selfCorrectionSteps,
            "at least 1 to correct rows");
        return _infiller.Correct(rows, cancellationToken);
    }

    /// <summary>
    /// The same for a caller that has its own words for a text, such as the name of its column and the number of its row.
    /// </summary>
    internal FilledText[] Fill(
        IReadOnlyList<GappedText> texts, Func<int, string> subject, CancellationToken cancellationToken, IProgress<double>? progress)
    {
        ReadText[] read = [.. texts.Select(_reader.Read)];
        int fault = Array.FindIndex(read, text => text.Fault is not null);
        if (fault >= 0 && _options.InvalidRows == InvalidRows.Throw)
            throw read[fault].Fault!.Error(subject(fault));
        GapTask[] tasks = [.. read.Select(text => text.Task).OfType<GapTask>()];
        GapTask[] resized = [.. tasks.Where(task => _resizing is not null && !task.HasCandidates && !task.HasKnownLengths)];
        GapTask[] settled = [.. tasks.Except(resized)];
        GapTask[] written = [.. settled.Where(task => !task.HasCandidates)];
        int samples = _options.Samples;
        var results = new Dictionary<GapTask, FilledText>();
        void Add(GapTask[] filled, FilledText[] texts)
        {
            for (int i = 0; i < filled.Length; i++)
                results.Add(filled[i], texts[i]);
        }
        double share = (double)resized.Length / Math.Max(1, resized.Length + written.Length);
        if (resized.Length > 0)
            Add(resized, _resizing!.Fill(resized, samples, cancellationToken, PartOfProgress.Of(progress, 0, share)));
        _settler.Settle(settled, cancellationToken);
        Add(written, Fill(written, samples, cancellationToken, PartOfProgress.Of(progress, share, 1)));
        foreach (GapTask task in settled.Where(task => task.HasCandidates))
            results.Add(task, new FilledText([new FilledSample(task.Fill(), task.LogProbability)], task.Lengths));
        return [.. read.Select((text, i) => text.Task is { } task
            ? results[task] : Unfilled(text, texts[i].Candidates is null ? samples : 1, subject(i)))];
    }

    // Texts whose gaps have their lengths.
    private FilledText[] Fill(GapTask[] tasks, int samples, CancellationToken cancellationToken, IProgress<double>? progress)
    {
        GapRow[] rows = [.. tasks.Select(task => task.Row())];
        SamplingRow[] filled = _infiller.Fill(
            [.. rows.SelectMany(row => Enumerable.Range(0, samples).Select(sample => new InfillRow(row, sample)))],
            cancellationToken, progress);
        return [.. tasks.Select((task, i) => new FilledText(
            [.. filled.Skip(i * samples).Take(samples)
                .Select(row => new FilledSample(task.Fill(row.Tokens, rows[i].Gaps), row.History.LogProbability))],
            task.Lengths))];
    }

    // A text without gaps, or one that stays as it is.
    private static FilledText Unfilled(ReadText text, int samples, string subject)
    {
        var sample = new FilledSample(text.Plain, text.Fault is null ? 0 : double.NaN);
        return new FilledText([.. Enumerable.Repeat(sample, samples)], [], text.Fault?.Message(subject));
    }
}
