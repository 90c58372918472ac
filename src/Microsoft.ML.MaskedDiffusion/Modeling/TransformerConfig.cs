using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// The shape of a network: a transformer of blocks that norm their input, with rotary positions and a gated feed-forward layer,
/// bidirectional for masked diffusion and causal for the autoregressive baseline. The defaults are the network of "Scaling up Masked
/// Diffusion Models on Text" (Nie et al., 2024), whose sizes are the presets; the other properties are those in which published masked
/// diffusion models differ from it. Immutable and safe to share between threads.
/// </summary>
public sealed record TransformerConfig
{
    /// <summary>How many tokens of the vocabulary change lengths, where there are any.</summary>
    internal const int LengthTokenCount = 2;

    private readonly int? _keyValueHeadCount;
    private readonly int? _headSize;
    private readonly int? _maskTokenId;

    /// <summary>A name for people; a preset's own name, such as <c>Diff_LLaMA_6M</c>, or "custom". Default "custom".</summary>
    public string Name { get; init; } = "custom";

    /// <summary>Number of transformer blocks, 1 to 1024.</summary>
    public required int LayerCount { get; init; }

    /// <summary>
    /// Number of attention heads, 1 to 65536. Must divide <see cref="EmbeddingSize"/> unless <see cref="HeadSize"/> is set.
    /// </summary>
    public required int HeadCount { get; init; }

    /// <summary>
    /// Number of heads that have keys and values of their own, a divisor of <see cref="HeadCount"/>; as many consecutive heads as it takes
    /// share them (grouped-query attention, Ainslie et al., 2023). Default: <see cref="HeadCount"/>.
    /// </summary>
    [JsonIgnore]
    public int KeyValueHeadCount
    {
        get => _keyValueHeadCount ?? HeadCount;
        init => _keyValueHeadCount = value;
    }

    /// <summary>
    /// Width of one attention head, even, 2 to 65536. Default: <see cref="EmbeddingSize"/> / <see cref="HeadCount"/>.
    /// </summary>
    [JsonIgnore]
    public int HeadSize
    {
        get => _headSize ?? (HeadCount < 1 ? 0 : EmbeddingSize / HeadCount);
        init => _headSize = value;
    }

    /// <summary>Width d of the residual stream, 2 to 65536.</summary>
    public required int EmbeddingSize { get; init; }

    /// <summary>Width f of the feed-forward layers, 1 to 1048576 (4 d in all presets but one).</summary>
    public required int FeedForwardSize { get; init; }

    /// <summary>
    /// Number of tokens that the network predicts, 1 to 16777216: those of the tokenizer, and two more where <see cref="HasLengthTokens"/>.
    /// The mask token is none of them unless <see cref="MaskTokenId"/> is set. Default 32000, as the presets.
    /// </summary>
    public int VocabularySize { get; init; } = 32000;

    /// <summary>The longest sequence, 1 to 1048576 tokens. Default 2048, as the presets.</summary>
    public int ContextLength { get; init; } = 2048;

    /// <summary>The constant under the root of the norms, above 0 and below 1. Default 1e-5.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>What the norms do. Default <see cref="NormKind.RootMeanSquare"/>.</summary>
    public NormKind Norm { get; init; } = NormKind.RootMeanSquare;

    /// <summary>The function in the gate of the feed-forward layers. Default <see cref="GateActivation.Silu"/>.</summary>
    public GateActivation Activation { get; init; } = GateActivation.Silu;

    /// <summary>Whether queries, keys and values have biases. Default false.</summary>
    public bool HasAttentionBias { get; init; }

    /// <summary>
    /// Whether the queries and keys of each head are normed before they are turned by their positions (Henry et al., 2020). Default false.
    /// </summary>
    public bool HasQueryKeyNorm { get; init; }

    /// <summary>
    /// The base b of the angles that positions turn by, above 1 and at most 1e12: a position times b^(-2i/h) for pair i of a head of width
    /// h (Su et al., 2021). Default 10000.
    /// </summary>
    public double RotaryBase { get; init; } = 10000;

    /// <summary>How the angles are stretched for longer contexts; null (default): not at all.</summary>
    public RotaryScaling? RotaryScaling { get; init; }

    /// <summary>In which blocks attention sees near positions only; null (default): in none.</summary>
    public LocalAttention? LocalAttention { get; init; }

    /// <summary>Whether the output layer is the embedding table (Press and Wolf, 2017). Default false.</summary>
    public bool TiesEmbeddings { get; init; }

    /// <summary>
    /// Whether the embeddings are normed, and the first block's attention takes them as they are, as in ModernBERT. Default false.
    /// </summary>
    public bool HasEmbeddingNorm { get; init; }

    /// <summary>
    /// Whether a dense layer, GELU and a norm stand between the last norm and the output layer, which has a bias then, as in BERT. Default
    /// false.
    /// </summary>
    public bool HasPredictionHead { get; init; }

    /// <summary>
    /// Whether the output at position i - 1 predicts the token at position i, as in models that were autoregressive ones before (Dream).
    /// The first token of a row is predicted by its own output. An autoregressive network predicts so anyway. Default false.
    /// </summary>
    public bool ShiftsLogits { get; init; }

    /// <summary>
    /// Precision of the rotary table. Default <see cref="RotaryPrecision.Float32"/>; SMDM's published checkpoints need
    /// <see cref="RotaryPrecision.BFloat16"/>.
    /// </summary>
    public RotaryPrecision RotaryPrecision { get; init; } = RotaryPrecision.Float32;

    /// <summary>
    /// Attention by blocks, as in block diffusion (BD3LM; Arriola et al., arXiv 2503.09573, 2025): a position sees its own block of so many
    /// positions and the blocks before it, 1 to 1048576. Text is written and scored block after block, in an order of the sampler's within
    /// each, and the keys and values of finished blocks are kept. Null (default): a position sees the whole row.
    /// </summary>
    public int? AttentionBlockSize { get; init; }

    /// <summary>
    /// Whether positions see only what is before them (next-token model, no mask token) instead of everything. Default false.
    /// </summary>
    public bool Autoregressive { get; init; }

    /// <summary>
    /// Whether the last two tokens of the vocabulary are those with which the network changes the length of a gap, expand and delete
    /// (DreamOn, arXiv 2602.01326). A trainer sets it; see <see cref="NoiseOptions.GapLengthRatio"/>. Default false.
    /// </summary>
    public bool HasLengthTokens { get; init; }

    /// <summary>
    /// The share p_u of uniform noise in the forward process that the network was trained with, 0 up to but not 1 (GIDD; von Ruette et al.,
    /// arXiv 2503.04482, 2025). Above 0 the network has learned to tell wrong tokens from right ones, and it says something about tokens
    /// that it sees. It changes nothing in what the network computes. A trainer sets it; see <see cref="NoiseOptions.UniformShare"/>.
    /// Default 0: only mask tokens.
    /// </summary>
    public double UniformShare { get; init; }

    /// <summary>The names that <see cref="FromPreset"/> knows, smallest first.</summary>
    public static IReadOnlyList<string> PresetNames => TransformerPresets.Names;

    /// <summary>
    /// The id of the mask token. Default: one past the vocabulary's last, so that it cannot be predicted; published models of other
    /// families have it among the tokens of the vocabulary.
    /// </summary>
    [JsonIgnore]
    public int MaskTokenId
    {
        get => _maskTokenId ?? VocabularySize;
        init => _maskTokenId = value;
    }

    /// <summary>
    /// The id of the token that makes two masked tokens of one; null without <see cref="HasLengthTokens"/>.
    /// </summary>
    public int? ExpandTokenId => HasLengthTokens ? VocabularySize - 2 : null;

    /// <summary>The id of the token that takes a masked token away; null without <see cref="HasLengthTokens"/>.</summary>
    public int? DeleteTokenId => HasLengthTokens ? VocabularySize - 1 : null;

    /// <summary>Whether the mask token was chosen.</summary>
    internal bool HasOwnMaskTokenId => _maskTokenId is not null;

    /// <summary>The mask token where it has a place among the predictions; -1 where it has none.</summary>
    internal int PredictedMaskTokenId => MaskTokenId < VocabularySize ? MaskTokenId : -1;

    /// <summary>How many of the vocabulary's first ids are tokens of text.</summary>
    internal int TextVocabularySize => VocabularySize - (HasLengthTokens ? LengthTokenCount : 0);

    /// <summary>
    /// Rows of the input embedding: the vocabulary, and the mask token where it is none of it and the network is not
    /// <see cref="Autoregressive"/>.
    /// </summary>
    public int EmbeddingRowCount => Autoregressive || MaskTokenId < VocabularySize ? VocabularySize : VocabularySize + 1;

    /// <summary>
    /// Parameters of blocks, norms and a prediction head's dense layer: the N of scaling laws, without input embedding and output layer.
    /// For the presets it is L (4 d^2 + 3 d f + 2 d) + d.
    /// </summary>
    public long NonEmbeddingParameterCount => Count(TransformerNetwork.ParameterShapes(this)
        .Where(item => item.Name is not (
            TransformerNetwork.HeadName or TransformerNetwork.HeadBiasName or TransformerNetwork.EmbeddingName)));

    /// <summary>Floating point operations of a training step for each of its tokens, 6 N as scaling laws count them.</summary>
    internal double TrainingFlopsPerToken => 6.0 * NonEmbeddingParameterCount;

    /// <summary>All parameters; those of a tied output layer count once.</summary>
    public long ParameterCount => Count(TransformerNetwork.ParameterShapes(this));

    /// <summary>
    /// Bytes that the weights take in the processor's memory: matrices and embedding table in a type, gains and biases in 32 bits.
    /// </summary>
    /// <param name="weightType">
    /// <see cref="WeightType.Float32"/>, <see cref="WeightType.BFloat16"/> or <see cref="WeightType.Int8"/>.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="weightType"/> is none of these.</exception>
    public long WeightBytes(WeightType weightType) => MemoryDemand.WeightBytes(this, WeightTypes.ScalarOf(weightType));

    // In JSON these are there only where they were set, so that a change of the heads or the vocabulary changes what follows from it.
    [JsonInclude, JsonPropertyName("KeyValueHeadCount"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    private int? OwnKeyValueHeadCount
    {
        get => _keyValueHeadCount;
        init => _keyValueHeadCount = value;
    }

    [JsonInclude, JsonPropertyName("HeadSize"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    private int? OwnHeadSize
    {
        get => _headSize;
        init => _headSize = value;
    }

    [JsonInclude, JsonPropertyName("MaskTokenId"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    private int? OwnMaskTokenId
    {
        get => _maskTokenId;
        init => _maskTokenId = value;
    }

    /// <summary>Rows of the fused projection to queries, keys and values.</summary>
    internal int ProjectionSize => (HeadCount + 2 * KeyValueHeadCount) * HeadSize;

    /// <summary>Numbers of a position's queries, and of what its heads mixed.</summary>
    internal int QuerySize => HeadCount * HeadSize;

    // What is set and what follows from other properties is the same network.
    private object?[] Values =>
    [
        Name, LayerCount, HeadCount, KeyValueHeadCount, HeadSize, EmbeddingSize, FeedForwardSize, VocabularySize, MaskTokenId,
        ContextLength, NormEpsilon, Norm, Activation, HasAttentionBias, HasQueryKeyNorm, RotaryBase, RotaryScaling, RotaryPrecision,
        LocalAttention,
        TiesEmbeddings, HasEmbeddingNorm, HasPredictionHead, ShiftsLogits, Autoregressive, HasLengthTokens, UniformShare,
        AttentionBlockSize,
    ];

    /// <summary>Whether another configuration has the same name and describes the same network.</summary>
    public bool Equals(TransformerConfig? other) => other is not null && Values.AsSpan().SequenceEqual(other.Values);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, LayerCount, HeadCount, EmbeddingSize, FeedForwardSize, VocabularySize);

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
        if (_headSize is null)
        {
            OptionCheck.Require(HeadCount >= 1 && EmbeddingSize % HeadCount == 0, group + nameof(HeadCount), HeadCount,
                FormattableString.Invariant($"a divisor of EmbeddingSize {EmbeddingSize}"));
            OptionCheck.Require(HeadSize % 2 == 0, group + nameof(HeadCount), HeadCount,
                "such that EmbeddingSize / HeadCount is even, as rotary positions turn pairs");
        }
        OptionCheck.Require(HeadCount is >= 1 and <= 65536, group + nameof(HeadCount), HeadCount, "1 to 65536");
        OptionCheck.Require(HeadSize is >= 2 and <= 65536 && HeadSize % 2 == 0, group + nameof(HeadSize), HeadSize,
            "an even number from 2 to 65536, as rotary positions turn pairs");
        OptionCheck.Require(KeyValueHeadCount >= 1 && HeadCount % KeyValueHeadCount == 0, group + nameof(KeyValueHeadCount),
            KeyValueHeadCount, FormattableString.Invariant($"a divisor of HeadCount {HeadCount}"));
        OptionCheck.Require(FeedForwardSize is >= 1 and <= 1 << 20, group + nameof(FeedForwardSize), FeedForwardSize, "1 to 1048576");
        OptionCheck.Require(VocabularySize is >= 1 and <= 1 << 24, group + nameof(VocabularySize), VocabularySize, "1 to 16777216");
        OptionCheck.Require(!HasLengthTokens || !Autoregressive, group + nameof(HasLengthTokens), HasLengthTokens,
            "false for an autoregressive network, which has no masked tokens");
        OptionCheck.Require(!HasLengthTokens || VocabularySize > LengthTokenCount, group + nameof(VocabularySize), VocabularySize,
            FormattableString.Invariant($"more than the {LengthTokenCount} tokens of HasLengthTokens"));
        OptionCheck.Require(ContextLength is >= 1 and <= 1 << 20, group + nameof(ContextLength), ContextLength, "1 to 1048576");
        OptionCheck.Require(MaskTokenId >= 0 && MaskTokenId <= VocabularySize, group + nameof(MaskTokenId), MaskTokenId,
            FormattableString.Invariant($"0 to VocabularySize {VocabularySize}"));
        OptionCheck.Require(!HasLengthTokens || MaskTokenId == VocabularySize, group + nameof(MaskTokenId), MaskTokenId,
            FormattableString.Invariant($"{VocabularySize}, one past the vocabulary's last, with HasLengthTokens"));
        OptionCheck.Require(UniformShare is >= 0 and < 1, group + nameof(UniformShare), UniformShare, "0 up to but not 1");
        OptionCheck.Require(UniformShare == 0 || !Autoregressive, group + nameof(UniformShare), UniformShare,
            "0 for an autoregressive network, which is trained without noise");
        // A weight is one block of memory with 32-bit indices.
        long projection = (HeadCount + 2L * KeyValueHeadCount) * HeadSize;
        long rows = Math.Max(Math.Max(EmbeddingRowCount, projection), FeedForwardSize);
        OptionCheck.Require(rows * EmbeddingSize <= int.MaxValue, group + nameof(EmbeddingSize), EmbeddingSize,
            FormattableString.Invariant($"at most {int.MaxValue / rows} with {rows} rows in the largest weight (VocabularySize, ")
            + "those of queries, keys and values, or FeedForwardSize): a weight may have at most 2147483647 numbers");
        OptionCheck.Require(NormEpsilon is > 0 and < 1, group + nameof(NormEpsilon), NormEpsilon, "above 0 and below 1");
        OptionCheck.RequireDefined(Norm, group + nameof(Norm));
        OptionCheck.RequireDefined(Activation, group + nameof(Activation));
        OptionCheck.RequireDefined(RotaryPrecision, group + nameof(RotaryPrecision));
        OptionCheck.Require(RotaryBase is > 1 and <= 1e12, group + nameof(RotaryBase), RotaryBase, "above 1 and at most 1E+12");
        RotaryScaling?.Validate(group + nameof(RotaryScaling) + ".");
        LocalAttention?.Validate(group + nameof(LocalAttention) + ".");
        OptionCheck.Require(LocalAttention is null || !Autoregressive, group + nameof(LocalAttention), LocalAttention,
            "null for an autoregressive network");
        OptionCheck.Require(AttentionBlockSize is null or (>= 1 and <= 1 << 20), group + nameof(AttentionBlockSize), AttentionBlockSize,
            "1 to 1048576, or null");
        RequireWhole(!Autoregressive, "for an autoregressive network, whose positions see nothing behind them");
        RequireWhole(LocalAttention is null, "with LocalAttention");
        RequireWhole(!HasLengthTokens, "with HasLengthTokens, which need what follows a gap");
        RequireWhole(UniformShare == 0, "with a UniformShare");
        OptionCheck.Require(!ShiftsLogits || !Autoregressive, group + nameof(ShiftsLogits), ShiftsLogits,
            "false for an autoregressive network, which predicts the next token anyway");

        void RequireWhole(bool mayHaveBlocks, string why) => OptionCheck.Require(
            AttentionBlockSize is null || mayHaveBlocks, group + nameof(AttentionBlockSize), AttentionBlockSize, "null " + why);
    }

    /// <summary>Whether a block's attention sees near positions only.</summary>
    internal bool IsLocal(int layer) => LocalAttention is { } local && layer % local.GlobalInterval != 0;

    private static long Count(IEnumerable<(string Name, long[] Shape)> parameters) =>
        parameters.Sum(item => item.Shape.Aggregate(1L, (count, size) => count * size));
}
