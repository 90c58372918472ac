using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

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
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public TokenInfiller(IRowEvaluator evaluator, SamplingOptions options, GapVocabulary? vocabulary = null)
    {
        _vocabulary = vocabulary;
        ArgumentNullException.ThrowIfNull(evaluator);
        ArgumentNullException.ThrowIfNull(options);
        _evaluator = evaluator;
        _options = options.Clone();
        _options.CheckVocabulary(evaluator.VocabularySize);
        _decoder = new Decoder(evaluator, _options);
    }

    /// <summary>Rows that went through the network so far.</summary>
    public long NetworkRows => _decoder.NetworkRows;

    /// <summary>The rows without mask tokens, in their order. Equal rows are filled equally, and once.</summary>
    /// <exception cref="ArgumentException">A row is longer than the model's context or holds an id outside its vocabulary.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity.</exception>
    public int[][] Fill(IReadOnlyList<int[]> rows, CancellationToken cancellation = default, IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return Fill([.. rows.Select(row => (row, (Range[]?)null))], cancellation, progress);
    }

    /// <summary>The same for rows of texts, in which the tokens of each gap become UTF-8 together; null for rows of ids.</summary>
    public int[][] Fill(IReadOnlyList<(int[] Tokens, Range[]? Gaps)> rows, CancellationToken cancellation, IProgress<double>? progress)
    {
        // The same ids with other borders between gaps are another row, which begins with the same ids and so has the same draws.
        var distinct = new Dictionary<int[], List<(Range[]? Gaps, SamplingRow Row)>>(TokenRowComparer.Instance);
        var filled = new SamplingRow[rows.Count];
        for (int i = 0; i < filled.Length; i++)
        {
            (int[] tokens, Range[]? gaps) = rows[i];
            ArgumentNullException.ThrowIfNull(tokens, nameof(rows));
            if (!distinct.TryGetValue(tokens, out List<(Range[]? Gaps, SamplingRow Row)>? same))
                distinct[tokens] = same = [];
            SamplingRow? known = same.FirstOrDefault(other => other.Gaps.AsSpan().SequenceEqual(gaps)).Row;
            if (known is null)
                same.Add((gaps, known = Open(tokens, gaps)));
            filled[i] = known;
        }
        _decoder.Run([.. filled.Distinct()], progress, cancellation);
        return [.. filled.Select(row => (int[])row.Tokens.Clone())];
    }

    private SamplingRow Open(int[] row, Range[]? gaps)
    {
        int maskTokenId = _evaluator.MaskTokenId;
        if (row.Length > _evaluator.ContextLength)
        {
            throw new ArgumentException($"A text of {row.Length} tokens, gaps included, is longer than the {_evaluator.ContextLength} that "
                + "the model sees. Shorten it or split it.");
        }
        var positions = new List<int>();
        for (int i = 0; i < row.Length; i++)
        {
            if (row[i] < 0 || row[i] > maskTokenId)
            {
                throw new ArgumentException(
                    $"Token id {row[i]} is outside 0 to {maskTokenId}; it was made by another tokenizer than the model's.");
            }
            if (row[i] == maskTokenId)
                positions.Add(i);
        }
        var request = new SamplingRequest(row, [.. positions])
        {
            Key = ContentKey.Of(row),
            Vocabulary = _vocabulary,
            Gaps = gaps ?? [],
        };
        return new SamplingRow(request, _options, maskTokenId);
    }
}
