using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// The shape of a network: a Llama-style transformer (pre-norm RMSNorm, rotary positions, SwiGLU, no biases, untied embeddings),
/// bidirectional for masked diffusion and causal for the autoregressive baseline. The presets are those of "Scaling up Masked Diffusion
/// Models on Text" (Nie et al., 2024). Immutable and safe to share between threads.
/// </summary>
public sealed record TransformerConfig
{
    /// <summary>How many tokens of the vocabulary change lengths, where there are any.</summary>
    internal const int LengthTokenCount = 2;

    /// <summary>A name for people; a preset's own name, such as <c>Diff_LLaMA_6M</c>, or "custom". Default "custom".</summary>
    public string Name { get; init; } = "custom";

    /// <summary>Number of transformer blocks, at least 1.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Number of attention heads, at least 1. Must divide <see cref="EmbeddingSize"/>.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Width d of the residual stream, at least 2.</summary>
    public required int EmbeddingSize { get; init; }

    /// <summary>Width f of the feed-forward layers, at least 1 (4 d in all presets but one).</summary>
    public required int FeedForwardSize { get; init; }

    /// <summary>
    /// Number of tokens that the network predicts: those of the tokenizer, and two more where <see cref="HasLengthTokens"/>. The mask token
    /// is none of them. Default 32000, as the presets.
    /// </summary>
    public int VocabularySize { get; init; } = 32000;

    /// <summary>The longest sequence, in tokens. Default 2048, as the presets.</summary>
    public int ContextLength { get; init; } = 2048;

    /// <summary>The constant under the root of RMSNorm. Default 1e-5.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>
    /// Precision of the rotary table. Default <see cref="RotaryPrecision.Float32"/>; SMDM's published checkpoints need
    /// <see cref="RotaryPrecision.BFloat16"/>.
    /// </summary>
    public RotaryPrecision RotaryPrecision { get; init; } = RotaryPrecision.Float32;

    /// <summary>
    /// Whether positions see only what is before them (next-token model, no mask token) instead of everything. Default false.
    /// </summary>
    public bool Autoregressive { get; init; }

    /// <summary>
    /// Whether the last two tokens of the vocabulary are those with which the network changes the length of a gap, expand and delete
    /// (DreamOn, arXiv 2602.01326). A trainer sets it; see <see cref="NoiseOptions.GapLengthRatio"/>. Default false.
    /// </summary>
    public bool HasLengthTokens { get; init; }

    /// <summary>The names that <see cref="FromPreset"/> knows, smallest first.</summary>
    public static IReadOnlyList<string> PresetNames => TransformerPresets.Names;

    /// <summary>Width of one attention head: <see cref="EmbeddingSize"/> / <see cref="HeadCount"/>.</summary>
    public int HeadSize => EmbeddingSize / HeadCount;

    /// <summary>The id of the mask token: one past the vocabulary's last.</summary>
    public int MaskTokenId => VocabularySize;

    /// <summary>
    /// The id of the token that makes two masked tokens of one; null without <see cref="HasLengthTokens"/>.
    /// </summary>
    public int? ExpandTokenId => HasLengthTokens ? VocabularySize - 2 : null;

    /// <summary>The id of the token that takes a masked token away; null without <see cref="HasLengthTokens"/>.</summary>
    public int? DeleteTokenId => HasLengthTokens ? VocabularySize - 1 : null;

    /// <summary>How many of the vocabulary's first ids are tokens of text.</summary>
    internal int TextVocabularySize => VocabularySize - (HasLengthTokens ? LengthTokenCount : 0);

    /// <summary>Rows of the input embedding: the vocabulary, and the mask token unless <see cref="Autoregressive"/>.</summary>
    public int EmbeddingRowCount => Autoregressive ? VocabularySize : VocabularySize + 1;

    /// <summary>
    /// Parameters of blocks and norms, L (4 d^2 + 3 d f + 2 d) + d: the N of scaling laws, without input embedding and output layer.
    /// </summary>
    public long NonEmbeddingParameterCount
    {
        get
        {
            long d = EmbeddingSize, f = FeedForwardSize;
            return LayerCount * (4 * d * d + 3 * d * f + 2 * d) + d;
        }
    }

    /// <summary>All parameters.</summary>
    public long ParameterCount => NonEmbeddingParameterCount + ((long)VocabularySize + EmbeddingRowCount) * EmbeddingSize;

    /// <summary>One of SMDM's 30 published sizes by name, with or without its prefix: "6M" or "Diff_LLaMA_6M".</summary>
    /// <param name="name">The name; upper and lower case are the same.</param>
    /// <exception cref="ArgumentException">No preset has this name; the message lists them.</exception>
    public static TransformerConfig FromPreset(string name) => TransformerPresets.Get(name);

    /// <summary>The preset of a name, so that a name can stand where a network is asked for, as in <c>Network = "19M"</c>.</summary>
    /// <param name="preset">The name; see <see cref="FromPreset"/>.</param>
    /// <exception cref="ArgumentException">No preset has this name; the message lists them.</exception>
    public static implicit operator TransformerConfig(string preset) => FromPreset(preset);

    /// <summary>Checks that all sizes fit together.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range; the message says which, and the range.</exception>
    public void Validate() => Validate("");

    /// <summary>The same, with the group that an option is named with, such as "Network.".</summary>
    internal void Validate(string group)
    {
        OptionCheck.RequireText(Name, group + nameof(Name), "a text that is not empty");
        OptionCheck.Require(LayerCount is >= 1 and <= 1024, group + nameof(LayerCount), LayerCount, "1 to 1024");
        OptionCheck.Require(EmbeddingSize is >= 2 and <= 65536, group + nameof(EmbeddingSize), EmbeddingSize, "2 to 65536");
        OptionCheck.Require(HeadCount >= 1 && EmbeddingSize % HeadCount == 0, group + nameof(HeadCount), HeadCount,
            FormattableString.Invariant($"a divisor of EmbeddingSize {EmbeddingSize}"));
        OptionCheck.Require(HeadSize % 2 == 0, group + nameof(HeadCount), HeadCount,
            "such that EmbeddingSize / HeadCount is even, as rotary positions turn pairs");
        OptionCheck.Require(FeedForwardSize is >= 1 and <= 1 << 20, group + nameof(FeedForwardSize), FeedForwardSize, "1 to 1048576");
        OptionCheck.Require(VocabularySize is >= 1 and <= 1 << 24, group + nameof(VocabularySize), VocabularySize, "1 to 16777216");
        OptionCheck.Require(!HasLengthTokens || !Autoregressive, group + nameof(HasLengthTokens), HasLengthTokens,
            "false for an autoregressive network, which has no masked tokens");
        OptionCheck.Require(!HasLengthTokens || VocabularySize > LengthTokenCount, group + nameof(VocabularySize), VocabularySize,
            FormattableString.Invariant($"more than the {LengthTokenCount} tokens of HasLengthTokens"));
        OptionCheck.Require(ContextLength is >= 1 and <= 1 << 20, group + nameof(ContextLength), ContextLength, "1 to 1048576");
        // A weight is one block of memory with 32-bit indices.
        long rows = Math.Max(Math.Max(EmbeddingRowCount, 3L * EmbeddingSize), FeedForwardSize);
        OptionCheck.Require(rows * EmbeddingSize <= int.MaxValue, group + nameof(EmbeddingSize), EmbeddingSize,
            FormattableString.Invariant($"at most {int.MaxValue / rows} with {rows} rows in the largest weight (VocabularySize, ")
            + "3 EmbeddingSize or FeedForwardSize): a weight may have at most 2147483647 numbers");
        OptionCheck.Require(NormEpsilon is > 0 and < 1, group + nameof(NormEpsilon), NormEpsilon, "above 0 and below 1");
        OptionCheck.RequireDefined(RotaryPrecision, group + nameof(RotaryPrecision));
    }
}
