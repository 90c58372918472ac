using System.Runtime.CompilerServices;
using Microsoft.ML.MaskedDiffusion.Diffusion.Generation;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Writes texts after prompts without ML.NET: at once, or step by step while you watch. It is what the Generate transform computes for a
/// column, character for character.
/// </summary>
/// <remarks>
/// <para>Prompts are plain text as the tokenizer reads it, but for <see cref="GenerationOptions.PromptTokens"/>. A text is written the same
/// whatever stands beside it, and those of one call go through the network together. Only whole characters are written, never a beginning
/// of sequence, unknown or padding token.</para>
/// <para>Any number of threads may use one generator. The model stays the caller's: it must outlive the generator.</para>
/// </remarks>
public sealed class TextGenerator
{
    private readonly MaskedDiffusionModel _model;
    private readonly GenerationPlan _plan;
    private readonly string _subject;

    /// <summary>Creates a generator.</summary>
    /// <param name="model">The model that writes; it stays the caller's.</param>
    /// <param name="options">How to write; checked and copied. Null for the defaults.</param>
    /// <exception cref="ArgumentNullException">The model is null.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public TextGenerator(MaskedDiffusionModel model, GenerationOptions? options = null) : this(model, options, "A prompt")
    {
    }

    /// <summary>A generator whose messages call a prompt by the caller's words, such as the name of its column.</summary>
    internal TextGenerator(MaskedDiffusionModel model, GenerationOptions? options, string subject)
    {
        ArgumentNullException.ThrowIfNull(model);
        GenerationOptions own = (options ?? new GenerationOptions()).Clone();
        own.Sampling.CheckVocabulary(model.Config.VocabularySize);
        _model = model;
        var vocabulary = new GapVocabulary(model.Tokenizer, model.Config.VocabularySize);
        _plan = new GenerationPlan(own, model.Tokenizer, model.Config.ContextLength, model.Config.MaskTokenId, vocabulary,
            own.StopStrings.Count > 0 ? new StopScanner(own.StopStrings) : null)
        {
            IsShifted = model.Config.ShiftsLogits,
            AttentionBlockSize = model.Config.AttentionBlockSize,
        };
        _subject = subject;
        _plan.Check(model.Config.Autoregressive);
    }

    /// <summary>The most tokens of a text: what the options say, or what is their default with this model.</summary>
    public int MaxNewTokens => _plan.MaxNewTokens;

    /// <summary>Tokens of a prompt as the model sees it, with the beginning of the text.</summary>
    /// <param name="prompt">The prompt; may be empty.</param>
    /// <exception cref="ArgumentNullException"><paramref name="prompt"/> is null.</exception>
    public int CountPromptTokens(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return _plan.Prompts.Encode(prompt).Length;
    }

    /// <summary>Writes a text after one prompt.</summary>
    /// <param name="prompt">The prompt; may be empty.</param>
    /// <param name="cancellationToken">Ends the writing, with what is written so far as the result.</param>
    /// <exception cref="ArgumentNullException"><paramref name="prompt"/> is null.</exception>
    /// <exception cref="ArgumentException">Prompt and new tokens do not fit the model's context, and no blocks are asked for.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public GeneratedText Generate(string prompt, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return Generate([prompt], cancellationToken)[0];
    }

    /// <summary>
    /// Writes a text after each of many prompts, which is faster than one after the other. Equal prompts get equal texts; another
    /// <see cref="SamplingOptions.Seed"/> gives others.
    /// </summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="cancellationToken">
    /// Ends the writing: texts that are written are returned as they are, the others as <see cref="FinishReason.Cancelled"/>.
    /// </param>
    /// <param name="progress">Told after each step. Default null.</param>
    /// <returns>One text for each prompt, in their order.</returns>
    /// <exception cref="ArgumentNullException">The list or one of its prompts is null.</exception>
    /// <exception cref="ArgumentException">Prompt and new tokens do not fit the model's context, and no blocks are asked for.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public GeneratedText[] Generate(
        IReadOnlyList<string> prompts, CancellationToken cancellationToken = default, IProgress<GenerationProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        foreach (string prompt in prompts)
            ArgumentNullException.ThrowIfNull(prompt, nameof(prompts));
        return Run([.. prompts.Select(prompt => (prompt, 0))], progress, cancellationToken);
    }

    /// <summary>Writes several texts after one prompt, each with draws of its own.</summary>
    /// <param name="prompt">The prompt; may be empty.</param>
    /// <param name="count">
    /// The number of texts, 1 to 65536. More than 1 need something that is drawn: a temperature above 0, or for a masked diffusion model a
    /// random order, count, remasking or self-correction.
    /// </param>
    /// <param name="cancellationToken">As for many prompts.</param>
    /// <param name="progress">Told after each step. Default null.</param>
    /// <exception cref="ArgumentNullException"><paramref name="prompt"/> is null.</exception>
    /// <exception cref="ArgumentException">
    /// As for many prompts, or <paramref name="count"/> is out of its range, or above 1 where all texts would be the same.
    /// </exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public GeneratedText[] GenerateSamples(
        string prompt, int count, CancellationToken cancellationToken = default, IProgress<GenerationProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (count is < 1 or > 1 << 16)
            throw new ArgumentOutOfRangeException(nameof(count), count, $"The number of texts is {count}; it must be 1 to 65536.");
        if (count > 1 && !_plan.Options.Sampling.CanDiffer(_model.Config.Autoregressive))
        {
            throw new ArgumentOutOfRangeException(
                nameof(count), count, $"{nameof(count)} is {count}; it must be {SamplingOptions.OneResult}.");
        }
        return Run([.. Enumerable.Range(0, count).Select(sample => (prompt, sample))], progress, cancellationToken);
    }

    /// <summary>
    /// The same as <see cref="Generate(IReadOnlyList{string}, CancellationToken, IProgress{GenerationProgress}?)"/>, on a thread of the
    /// pool.
    /// </summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="cancellationToken">As there.</param>
    /// <param name="progress">As there.</param>
    public Task<GeneratedText[]> GenerateAsync(
        IReadOnlyList<string> prompts, CancellationToken cancellationToken = default, IProgress<GenerationProgress>? progress = null) =>
        Task.Run(() => Generate(prompts, cancellationToken, progress), CancellationToken.None);

    /// <summary>The same as <see cref="Generate(string, CancellationToken)"/>, on a thread of the pool.</summary>
    /// <param name="prompt">The prompt; may be empty.</param>
    /// <param name="cancellationToken">As there.</param>
    public Task<GeneratedText> GenerateAsync(string prompt, CancellationToken cancellationToken = default) =>
        Task.Run(() => Generate(prompt, cancellationToken), CancellationToken.None);

    /// <summary>
    /// Writes a text and gives its state after each step. The last state has the <see cref="GenerationState.Result"/>, which is that of
    /// <see cref="Generate(string, CancellationToken)"/>; after a cancellation too.
    /// </summary>
    /// <param name="prompt">The prompt; may be empty.</param>
    /// <param name="cancellationToken">Ends the writing, with what is written so far as the result.</param>
    /// <exception cref="ArgumentNullException"><paramref name="prompt"/> is null.</exception>
    /// <exception cref="ArgumentException">Prompt and new tokens do not fit the model's context, and no blocks are asked for.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity: its weights are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public IAsyncEnumerable<GenerationState> StreamAsync(string prompt, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        // What is wrong with the prompt is said at once; each enumeration writes the text anew.
        return Stream(prompt, Encode(prompt), cancellationToken);
    }

    private async IAsyncEnumerable<GenerationState> Stream(
        string prompt, int[] ids, CancellationToken cancellation, [EnumeratorCancellation] CancellationToken enumeration = default)
    {
        using IGeneratingRow row = Open(prompt, ids, sample: 0);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, enumeration);
        var run = new GenerationRun(_model.Session, _plan);
        if (row.IsDone)
            yield return row.State();
        while (!row.IsDone)
        {
            bool goesOn = await Task.Run(() => run.TryStep([row], both.Token), CancellationToken.None).ConfigureAwait(false);
            yield return row.State(isCancelled: !goesOn);
            if (!goesOn)
                yield break;
        }
    }

    private GeneratedText[] Run(
        IReadOnlyList<(string Prompt, int Sample)> texts, IProgress<GenerationProgress>? progress, CancellationToken cancellation)
    {
        var rows = new List<IGeneratingRow>();
        try
        {
            foreach ((string prompt, int sample) in texts)
                rows.Add(Open(prompt, Encode(prompt), sample));
            var run = new GenerationRun(_model.Session, _plan);
            long most = (long)rows.Count * _plan.MaxNewTokens;
            IGeneratingRow[] active = [.. rows.Where(row => !row.IsDone)];
            while (active.Length > 0 && run.TryStep(active, cancellation))
            {
                active = [.. active.Where(row => !row.IsDone)];
                progress?.Report(new GenerationProgress(
                    rows.Count - active.Length, rows.Count, rows.Sum(row => (long)row.WrittenCount), most));
            }
            return [.. rows.Select(row => row.Result())];
        }
        finally
        {
            foreach (IGeneratingRow row in rows)
                row.Dispose();
        }
    }

    private int[] Encode(string prompt)
    {
        int[] ids = _plan.Prompts.Encode(prompt);
        if (_plan.Fits(ids.Length) || _plan.Options.InvalidRows == InvalidRows.Skip)
            return ids;
        throw new ArgumentException(
            $"{_subject} has {ids.Length} tokens, and with MaxNewTokens {_plan.MaxNewTokens} that is more than the model's "
            + $"{_plan.ContextLength}: \"{TextExcerpt.Of(prompt)}\". Shorten it, lower MaxNewTokens, or set Sampling.BlockLength to write "
            + "in blocks, for which the window slides.");
    }

    private IGeneratingRow Open(string prompt, int[] ids, int sample)
    {
        if (!_plan.Fits(ids.Length))
            return new InvalidRow(ids.Length);
        return _model.Config.Autoregressive
            ? new AutoregressiveRow(_plan, _model.Session, ids, prompt, sample)
            : new GeneratingRow(_plan, ids, prompt, sample);
    }
}
