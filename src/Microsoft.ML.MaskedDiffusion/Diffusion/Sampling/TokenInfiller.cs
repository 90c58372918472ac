using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>
/// Fills the mask tokens of rows of token ids and leaves everything else as it is. A row is filled the same whatever rows stand beside it.
/// Safe for several threads.
/// </summary>
internal sealed class TokenInfiller
{
    private readonly IRowEvaluator _evaluator;
    private readonly SamplingOptions _options;
    private readonly Decoder _decoder;
    private readonly GapVocabulary? _vocabulary;

    /// <param name="evaluator">The network.</param>
    /// <param name="options">How tokens are chosen.</param>
    /// <param name="vocabulary">What may be chosen; null for everything.</param>
    /// <param name="source">Where the logits come from; null for the evaluator.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public TokenInfiller(
        IRowEvaluator evaluator, SamplingOptions options, GapVocabulary? vocabulary = null, ILogitSource? source = null)
    {
        _vocabulary = vocabulary;
        ArgumentNullException.ThrowIfNull(evaluator);
        ArgumentNullException.ThrowIfNull(options);
        _evaluator = evaluator;
        _options = options.Clone().For(evaluator.AttentionBlockSize, isCached: source is not null);
        _options.CheckVocabulary(evaluator.VocabularySize);
        _decoder = source is null ? new Decoder(evaluator, _options) : new Decoder(source, _options);
    }

    /// <summary>Rows that went through the network so far.</summary>
    public long NetworkRows => _decoder.NetworkRows;

    /// <summary>The rows without mask tokens, in their order. Equal rows are filled equally, and once.</summary>
    /// <exception cref="ArgumentException">A row is longer than the model's context or holds an id outside its vocabulary.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity.</exception>
    public int[][] Fill(IReadOnlyList<int[]> rows, CancellationToken cancellation = default, IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        SamplingRow[] filled = Fill([.. rows.Select(row => new InfillRow(row, null))], cancellation, progress);
        return [.. filled.Select(row => (int[])row.Tokens.Clone())];
    }

    /// <summary>
    /// The same for rows of texts, in which the tokens of each gap become UTF-8 together. Do not change what is returned.
    /// </summary>
    public SamplingRow[] Fill(IReadOnlyList<InfillRow> rows, CancellationToken cancellation, IProgress<double>? progress)
    {
        // The same ids with other borders between gaps are another row, which begins with the same ids and so has the same draws.
        var distinct = new Dictionary<int[], List<(InfillRow Asked, SamplingRow Row)>>(TokenRowComparer.Instance);
        var filled = new SamplingRow[rows.Count];
        for (int i = 0; i < filled.Length; i++)
        {
            InfillRow asked = rows[i];
            ArgumentNullException.ThrowIfNull(asked.Tokens, nameof(rows));
            if (!distinct.TryGetValue(asked.Tokens, out List<(InfillRow Asked, SamplingRow Row)>? same))
                distinct[asked.Tokens] = same = [];
            SamplingRow? known = same.FirstOrDefault(
                other => other.Asked.Sample == asked.Sample && other.Asked.StartsText == asked.StartsText
                    && other.Asked.Gaps.AsSpan().SequenceEqual(asked.Gaps)).Row;
            if (known is null)
                same.Add((asked, known = Open(asked)));
            filled[i] = known;
        }
        SamplingRow[] all = [.. filled.Distinct()];
        try
        {
            _decoder.Run(all, progress, cancellation);
        }
        finally
        {
            foreach (SamplingRow row in all)
                row.Dispose();
        }
        return filled;
    }

    /// <summary>The rows, none of which has a mask token, after the options' self-correction of all of their tokens.</summary>
    /// <exception cref="ArgumentException">A row is longer than the model's context or holds an id outside its vocabulary.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity.</exception>
    public int[][] Correct(IReadOnlyList<int[]> rows, CancellationToken cancellation)
    {
        SamplingRow[] corrected = [.. rows.Select(OpenWritten)];
        try
        {
            _decoder.Run(corrected, progress: null, cancellation);
        }
        finally
        {
            foreach (SamplingRow row in corrected)
                row.Dispose();
        }
        return [.. corrected.Select(row => row.Tokens)];
    }

    private SamplingRow OpenWritten(int[] row)
    {
        ArgumentNullException.ThrowIfNull(row, "rows");
        if (MaskedPositions(row).Length > 0)
            throw new ArgumentException("A row that is to be corrected holds the mask token; fill its gaps first.", "rows");
        // Beginnings and ends of texts stay where they are.
        int[] positions = [.. Enumerable.Range(0, row.Length).Where(i => _vocabulary is null || _vocabulary.HasText(row[i]))];
        return Open(new InfillRow(row, null), positions, isWritten: true);
    }

    private SamplingRow Open(InfillRow asked) => Open(asked, MaskedPositions(asked.Tokens), isWritten: false);

    private SamplingRow Open(InfillRow asked, int[] positions, bool isWritten)
    {
        var request = new SamplingRequest(asked.Tokens, positions)
        {
            Key = ContentKey.Of(asked.Tokens, asked.Sample),
            IsWritten = isWritten,
            Vocabulary = _vocabulary,
            Gaps = asked.Gaps ?? [],
            StartsText = asked.StartsText,
            IsShifted = _evaluator.IsShifted,
            AttentionBlockSize = _evaluator.AttentionBlockSize,
        };
        return new SamplingRow(request, _options, _evaluator.MaskTokenId);
    }

    // Where a row, which must fit the model, has mask tokens.
    private int[] MaskedPositions(int[] row)
    {
        int maskTokenId = _evaluator.MaskTokenId, last = _evaluator.LastTokenId;
        if (row.Length > _evaluator.ContextLength)
        {
            throw new ArgumentException($"A text of {row.Length} tokens, gaps included, is longer than the {_evaluator.ContextLength} that "
                + "the model sees. Shorten it or split it.");
        }
        var positions = new List<int>();
        for (int i = 0; i < row.Length; i++)
        {
            if (row[i] < 0 || row[i] > last)
            {
                throw new ArgumentException(
                    $"Token id {row[i]} is outside 0 to {last}; it was made by another tokenizer than the model's.");
            }
            if (row[i] == maskTokenId)
                positions.Add(i);
        }
        return [.. positions];
    }
}

/// <summary>A row whose mask tokens are to be filled.</summary>
/// <param name="Tokens">Its ids.</param>
/// <param name="Gaps">The gaps of a text, as ranges of the ids; null for a row of ids.</param>
/// <param name="Sample">Which of several draws of the row it is, from 0.</param>
/// <param name="StartsText">Whether the text begins with the first gap.</param>
internal readonly record struct InfillRow(int[] Tokens, Range[]? Gaps, int Sample = 0, bool StartsText = false)
{
    /// <summary>A row of a text.</summary>
    public InfillRow(GapRow row, int sample) : this(row.Tokens, row.Gaps, sample, row.StartsText)
    {
    }
}
