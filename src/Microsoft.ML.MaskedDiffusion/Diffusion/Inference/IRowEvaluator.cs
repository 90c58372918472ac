namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>
/// What likelihoods and samplers need of a network. Thread-safe; a row's results depend on the row alone, not on its batch.
/// </summary>
internal interface IRowEvaluator
{
    /// <summary>The tokens of text, which likelihoods and samplers choose from: not those that change the length of a gap.</summary>
    int VocabularySize { get; }

    int MaskTokenId { get; }

    /// <summary>The highest id of a row: the mask token may stand behind the tokens of text, or among them.</summary>
    int LastTokenId => Math.Max(MaskTokenId, VocabularySize - 1);

    int ContextLength { get; }

    /// <summary>Whether the network's output before a position predicts it. Default false.</summary>
    bool IsShifted => false;

    /// <summary>As of <see cref="TransformerConfig.AttentionBlockSize"/>. Default null.</summary>
    int? AttentionBlockSize => null;

    /// <summary>Writes log p(target), nats, of every prediction of the batch.</summary>
    void LogProbabilities(RowBatch batch, Span<double> destination);

    /// <summary>Hands the logits of every prediction to <paramref name="reader"/>.</summary>
    void ReadLogits(RowBatch batch, LogitReader reader);
}

/// <summary>
/// Takes the (guided) logits of one prediction [vocabulary]. Called once for each prediction, maybe from several threads at once.
/// </summary>
internal delegate void LogitReader(int query, ReadOnlySpan<float> logits);
