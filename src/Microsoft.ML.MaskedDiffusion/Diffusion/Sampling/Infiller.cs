using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Fills the mask tokens of rows of token ids and leaves everything else as it is: infilling below the level of text. A row is filled the same whatever
/// rows stand beside it. Safe for several threads.
/// </summary>
public sealed class Infiller
{
    private readonly IRowEvaluator _evaluator;
    private readonly SamplingOptions _options;
    private readonly Decoder _decoder;

    /// <summary>A filler over a model, which it does not own.</summary>
    /// <param name="model">The model; its <see cref="TransformerConfig.MaskTokenId"/> marks the gaps.</param>
    /// <param name="options">How tokens are chosen; checked and copied.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Infiller(MaskedDiffusionModel model, SamplingOptions options)
        : this(new NetworkEvaluator((model ?? throw new ArgumentNullException(nameof(model))).Network), options)
    {
    }

    internal Infiller(IRowEvaluator evaluator, SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(evaluator);
        ArgumentNullException.ThrowIfNull(options);
        _evaluator = evaluator;
        _options = options.Clone();
        _decoder = new Decoder(evaluator, _options);
    }

    /// <summary>Rows that went through the network so far.</summary>
    public long NetworkRows => _decoder.NetworkRows;

    /// <summary>The rows without mask tokens, in their order. Equal rows are filled equally, and once.</summary>
    /// <param name="rows">Rows of token ids, each at most the model's context long, with mask tokens in the gaps.</param>
    /// <param name="cancellation">Stops between network calls.</param>
    /// <param name="progress">Told the share of masked tokens filled, 0 to 1.</param>
    /// <exception cref="ArgumentException">A row is longer than the model's context or holds an id outside its vocabulary.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity.</exception>
    public int[][] Fill(IReadOnlyList<int[]> rows, CancellationToken cancellation = default, IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var distinct = new Dictionary<int[], DecodingRow>(TokenRowComparer.Instance);
        foreach (int[] row in rows)
        {
            ArgumentNullException.ThrowIfNull(row, nameof(rows));
            if (!distinct.ContainsKey(row))
                distinct.Add(row, Open(row));
        }
        _decoder.Run([.. distinct.Values], progress, cancellation);
        return [.. rows.Select(row => (int[])distinct[row].Tokens.Clone())];
    }

    private DecodingRow Open(int[] row)
    {
        if (row.Length > _evaluator.ContextLength)
        {
            throw new ArgumentException(
                $"A text of {row.Length} tokens, gaps included, is longer than the {_evaluator.ContextLength} the model sees. Shorten it or split it.");
        }
        var positions = new List<int>();
        for (int i = 0; i < row.Length; i++)
        {
            if (row[i] < 0 || row[i] > _evaluator.MaskTokenId)
                throw new ArgumentException($"Token id {row[i]} is outside 0 to {_evaluator.MaskTokenId}; it was made by another tokenizer than the model's.");
            if (row[i] == _evaluator.MaskTokenId)
                positions.Add(i);
        }
        return new DecodingRow(row, [.. positions], expected: null, _options);
    }
}
