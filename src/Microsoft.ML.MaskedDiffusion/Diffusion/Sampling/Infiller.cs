using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Text;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Fills gaps with a masked diffusion model without ML.NET: texts in, texts out, or rows of token ids in and out. It is what
/// <see cref="InfillTransformer"/> computes for a column, character for character.
/// </summary>
/// <remarks>
/// <para>In a text [MASK] is a gap of one token and [MASK*5] a gap of five; <see cref="GapSyntax.Escape"/> makes any text plain. Text
/// outside gaps comes back character for character. A word's token brings the space before it: where a gap stands after a space, there is
/// one space in the end, whether the chosen token brings one or not.</para>
/// <para>Only tokens with text are chosen (no end of sequence, unknown or padding token), and the tokens of a gap are whole characters
/// together.</para>
/// <para>A text or row is filled the same whatever stands beside it. Those of one call go through the network together. Any number of
/// threads may use one infiller. The model stays the caller's: it must outlive the infiller.</para>
/// </remarks>
public sealed class Infiller
{
    private readonly MaskedDiffusionModel _model;
    private readonly TokenInfiller _infiller;
    private readonly InvalidRows _invalidRows;
    private readonly int[] _start;
    private readonly string _subject;

    /// <summary>Creates an infiller.</summary>
    /// <param name="model">The model that fills; it stays the caller's.</param>
    /// <param name="options">
    /// How tokens are chosen; checked and copied. Null, the default: the most confident first, greedily, one token a step.
    /// </param>
    /// <exception cref="ArgumentNullException">The model is null.</exception>
    /// <exception cref="ArgumentException">The model is autoregressive, or an option is out of its range.</exception>
    public Infiller(MaskedDiffusionModel model, SamplingOptions? options = null)
        : this(model, options ?? new SamplingOptions(), "A text", InvalidRows.Throw)
    {
    }

    /// <summary>
    /// An infiller whose messages call a text by the caller's words, such as the name of its column, and which may leave texts that cannot
    /// be filled as they are.
    /// </summary>
    internal Infiller(MaskedDiffusionModel model, SamplingOptions options, string subject, InvalidRows invalidRows)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Config.Autoregressive)
        {
            throw new ArgumentException(
                "The model is autoregressive and has no mask token; filling gaps needs a masked diffusion model.", nameof(model));
        }
        _model = model;
        var vocabulary = new GapVocabulary(model.Tokenizer, model.Config.VocabularySize);
        _infiller = new TokenInfiller(new NetworkEvaluator(model.Network), options, vocabulary);
        _invalidRows = invalidRows;
        _start = DocumentStart.Of(model.Tokenizer);
        _subject = subject;
    }

    /// <summary>Rows that went through the network so far, in all calls together.</summary>
    public long NetworkRows => _infiller.NetworkRows;

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
        MaskedText[] encoded = [.. texts.Select(Encode)];
        int[] gapped = [.. Enumerable.Range(0, encoded.Length).Where(row => encoded[row].Gaps.Length > 0)];
        int[][] filled = _infiller.Fill(
            [.. gapped.Select(row => (encoded[row].Tokens, (Range[]?)encoded[row].Gaps))], cancellationToken, progress);
        string[] results = [.. encoded.Select(text => text.PlainText)];
        for (int i = 0; i < gapped.Length; i++)
            results[gapped[i]] = encoded[gapped[i]].Fill(filled[i], _model.Tokenizer);
        return results;
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

    private MaskedText Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text, "texts");
        MaskedText encoded;
        try
        {
            encoded = MaskedText.Of(text, _start, _model.Tokenizer, _model.Config.MaskTokenId);
        }
        catch (FormatException) when (_invalidRows == InvalidRows.Skip)
        {
            return MaskedText.Plain(text);
        }
        if (encoded.Tokens.Length <= _model.Config.ContextLength)
            return encoded;
        if (_invalidRows == InvalidRows.Skip)
            return MaskedText.Plain(text);
        throw new ArgumentException(
            $"{_subject} has {encoded.Tokens.Length} tokens, gaps included, and the model sees at most {_model.Config.ContextLength}: "
            + $"\"{TextExcerpt.Of(text)}\". Shorten it, or use a model with a longer context.");
    }
}
