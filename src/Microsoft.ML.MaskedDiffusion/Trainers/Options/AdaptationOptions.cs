using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How an autoregressive <see cref="TrainerOptions.InitialModel"/> becomes a masked diffusion model. Its weights are taken over, every
/// position sees the whole row, and a mask token is added. Only a <see cref="MaskedDiffusionTrainer"/> with such a model uses these
/// options; see docs/fine-tuning.md.
/// </summary>
public sealed class AdaptationOptions
{
    /// <summary>
    /// The id of the mask token among those that the model has: 0 up to but not the network's vocabulary size, and none that text uses,
    /// such as one of those with which published vocabularies are filled up. Its embedding begins as it is, as in dLLM. Default null: the
    /// mask token is one past the vocabulary's last, and its embedding begins as the mean of all others.
    /// </summary>
    public int? MaskTokenId { get; set; }

    /// <summary>
    /// Whether the output at position i - 1 goes on predicting the token at position i, as it did in the autoregressive model (DiffuLLaMA,
    /// arXiv 2410.17891; Dream, arXiv 2508.15487), or else the output at i itself, as in dLLM's A2D models. See
    /// <see cref="TransformerConfig.ShiftsLogits"/>. Default true: more of what the model knows is of use at once (docs/fine-tuning.md).
    /// </summary>
    public bool ShiftsLogits { get; set; } = true;

    /// <summary>
    /// The size of the blocks of a block diffusion model, which the result then is, 1 or more; see
    /// <see cref="TransformerConfig.AttentionBlockSize"/>. Default null: a model that sees the whole row.
    /// </summary>
    public int? AttentionBlockSize { get; set; }

    internal AdaptationOptions Clone() => (AdaptationOptions)MemberwiseClone();

    internal void Check(MaskedDiffusionModel? model, bool autoregressive)
    {
        const string Group = nameof(TrainerOptions.Adaptation) + ".";
        const string Default = "the default unless a MaskedDiffusionTrainer has an autoregressive InitialModel; set one";
        bool adapts = !autoregressive && model?.Config.Autoregressive == true;
        OptionCheck.Require(adapts || MaskTokenId is null, Group + nameof(MaskTokenId), MaskTokenId, Default);
        OptionCheck.Require(adapts || ShiftsLogits, Group + nameof(ShiftsLogits), ShiftsLogits, Default);
        OptionCheck.Require(adapts || AttentionBlockSize is null, Group + nameof(AttentionBlockSize), AttentionBlockSize, Default
            + ". A masked diffusion model becomes one by MaskedDiffusionModel.WithAttentionBlocks, and a fresh network has blocks by "
            + "TransformerConfig.AttentionBlockSize");
        OptionCheck.Require(AttentionBlockSize is null or (>= 1 and <= 1 << 20), Group + nameof(AttentionBlockSize), AttentionBlockSize,
            "1 to 1048576, or null");
        if (!adapts || MaskTokenId is not { } id)
            return;
        int size = model!.Config.VocabularySize;
        OptionCheck.Require(id >= 0 && id < size, Group + nameof(MaskTokenId), id,
            FormattableString.Invariant($"0 up to but not the network's VocabularySize {size}, or null for a token of its own"));
        OptionCheck.Require(id != model.Tokenizer.EndOfSequenceId && id != model.Tokenizer.BeginningOfSequenceId,
            Group + nameof(MaskTokenId), id, "no token that begins or ends a text");
    }

    /// <summary>The network of the masked diffusion model.</summary>
    internal TransformerConfig Adapt(TransformerConfig config)
    {
        TransformerConfig adapted = config with
        {
            Autoregressive = false,
            ShiftsLogits = ShiftsLogits,
            AttentionBlockSize = AttentionBlockSize,
        };
        return MaskTokenId is { } id ? adapted with { MaskTokenId = id } : adapted;
    }
}
