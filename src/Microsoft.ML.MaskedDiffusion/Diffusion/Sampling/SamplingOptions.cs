using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Diffusion.Caches;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How masked positions are filled: which first (<see cref="Order"/>), how many in a step (<see cref="TokensPerStep"/>), what happens to
/// tokens once chosen (<see cref="Remasking"/>), and how a token is chosen. The three choices are independent of each other;
/// <see cref="SamplingPresets"/> has the combinations that are published. Checked and copied by whatever takes it; later changes have no
/// effect.
/// </summary>
/// <remarks>
/// Logits go through guidance, then <see cref="RepetitionPenalty"/>, then <see cref="TokenBias"/>, <see cref="SuppressedTokens"/> and the
/// rules about the end of a text: that is the distribution that the order looks at. Then temperature, <see cref="TopK"/>,
/// <see cref="TopP"/> and <see cref="MinP"/>, in this order, make the distribution that a token is drawn from; with
/// <see cref="OrderSeesKeptTokens"/> the order looks at that one.
/// </remarks>
public sealed class SamplingOptions
{
    /// <summary>How many results a text may have where they cannot differ, and the remedy: the end of "it must be ...".</summary>
    internal const string OneResult =
        "1 where nothing is drawn, because all results would be the same: set SamplingOptions.Temperature above 0";

    /// <summary>
    /// Network passes per row, 1 or more; a row with fewer masked tokens takes one pass for each. Fewer steps are faster and less accurate.
    /// Rules of <see cref="TokensPerStep"/> that look at the predictions take as many steps as they need, whatever stands here. With
    /// blocks, each takes its share, rounded up. Default null: one token a pass.
    /// </summary>
    [JsonPropertyName("Steps")]
    public int? Steps { get; set; }

    /// <summary>
    /// 0 to 100: 0 (default) takes the most probable token, 1 draws from the model's distribution, others from softmax(logits /
    /// temperature).
    /// </summary>
    [JsonPropertyName("Temperature")]
    public double Temperature { get; set; }

    /// <summary>
    /// Strength w of classifier-free guidance, 0 to 1000: logits = unconditional + (1 + w) (conditional - unconditional), the unconditional
    /// ones with all that was given masked (Nie et al., 2024, eq. 7). Doubles the cost. Default 0: off.
    /// </summary>
    [JsonPropertyName("GuidanceScale")]
    public double GuidanceScale { get; set; }

    /// <summary>
    /// Guidance acts only while more than this share of a row's masked tokens is still masked, 0 to 1. Of a text that is written in blocks
    /// because it is longer than the model's context, it is the share of the whole text. Default 0: to the end.
    /// </summary>
    [JsonPropertyName("GuidanceEnd")]
    [OmittedAtDefault]
    public double GuidanceEnd { get; set; }

    /// <summary>
    /// Guidance acts only from where at most this share of a row's masked tokens is still masked, 0 to 1 and at least
    /// <see cref="GuidanceEnd"/>, and a share of the same. Where guidance does not act, it costs nothing. Default 1: from the beginning.
    /// </summary>
    [JsonPropertyName("GuidanceStart")]
    [OmittedAtDefault]
    public double GuidanceStart { get; set; } = 1;

    /// <summary>Which positions go first. Default <see cref="SamplingOrder.Confidence"/>.</summary>
    [JsonPropertyName("Order")]
    public SamplingOrder Order { get; set; } = SamplingOrder.Confidence;

    /// <summary>How many positions a step fills. Default <see cref="TokensPerStep.EqualShares"/>.</summary>
    [JsonPropertyName("TokensPerStep")]
    [OmittedAtDefault]
    public TokensPerStep TokensPerStep { get; set; } = TokensPerStep.EqualShares;

    /// <summary>What happens to tokens once chosen. Default <see cref="Remasking.None"/>: they stay.</summary>
    [JsonPropertyName("Remasking")]
    [OmittedAtDefault]
    public Remasking Remasking { get; set; } = Remasking.None;

    /// <summary>
    /// How many replacements are tried at most, one after the other, when a row is written: 0 or more, each with a look at the whole row,
    /// after a first look. A token is replaced where that raises the probability of the row's tokens most, given all others, and only if
    /// the sum of their log-probabilities rises (after the self-correction step of GIDD; von Ruette et al., arXiv 2503.04482, 2025). It
    /// ends earlier where no replacement raises it. For models trained with a <see cref="NoiseOptions.UniformShare"/>: others have learned
    /// nothing about tokens that they see. Not with <see cref="SharesStepsAmongRows"/>, nor for networks whose attention goes by blocks. A
    /// text that a stop string has ended stays as it is. Default 0: off.
    /// </summary>
    [JsonPropertyName("SelfCorrectionSteps")]
    [OmittedAtDefault]
    public int SelfCorrectionSteps { get; set; }

    /// <summary>
    /// The temperature at which the replacements of <see cref="SelfCorrectionSteps"/> are drawn, 0 to 100; 0 tries the most probable token
    /// of each position. Default 0.1, as published.
    /// </summary>
    [JsonPropertyName("SelfCorrectionTemperature")]
    [OmittedAtDefault]
    public double SelfCorrectionTemperature { get; set; } = 0.1;

    /// <summary>
    /// Which keys and values are kept from step to step: faster and less exact. Default <see cref="SamplingCache.None"/>: none, exact.
    /// Where the network's attention goes by blocks, the default keeps what stands before a block, which is exact too.
    /// </summary>
    [JsonPropertyName("Cache")]
    [OmittedAtDefault]
    public SamplingCache Cache { get; set; } = SamplingCache.None;

    /// <summary>
    /// Fills blocks of so many positions one after the other, from left to right: 1 or more. The masked tokens behind a block are part of
    /// what the network sees. Default null: the whole row at once, or the network's own blocks
    /// (<see cref="TransformerConfig.AttentionBlockSize"/>), which are the only ones that it takes.
    /// </summary>
    [JsonPropertyName("BlockLength")]
    [OmittedAtDefault]
    public int? BlockLength { get; set; }

    /// <summary>
    /// Draws from so many of the most probable tokens only, and from those as probable as the last of them: 1 or more, at most the
    /// vocabulary. Default null: all.
    /// </summary>
    [JsonPropertyName("TopK")]
    [OmittedAtDefault]
    public int? TopK { get; set; }

    /// <summary>
    /// Draws from the fewest tokens whose probabilities sum to more than this: above 0, at most 1 (nucleus sampling; Holtzman et al.,
    /// 2020). Default 1: all.
    /// </summary>
    [JsonPropertyName("TopP")]
    [OmittedAtDefault]
    public double TopP { get; set; } = 1;

    /// <summary>
    /// Draws from tokens that are at least so probable in proportion to the most probable one: 0 to 1. Default 0: all.
    /// </summary>
    [JsonPropertyName("MinP")]
    [OmittedAtDefault]
    public double MinP { get; set; }

    /// <summary>
    /// Divides the positive logits of tokens that the row has already by this, and multiplies the negative ones: above 0, at most 100;
    /// above 1 repeats less (Keskar et al., "CTRL", 2019). Default 1: off.
    /// </summary>
    [JsonPropertyName("RepetitionPenalty")]
    [OmittedAtDefault]
    public double RepetitionPenalty { get; set; } = 1;

    /// <summary>Token ids that are never chosen. Default none.</summary>
    [JsonPropertyName("SuppressedTokens")]
    [OmittedAtDefault]
    public IReadOnlyList<int>? SuppressedTokens { get; set; }

    /// <summary>
    /// Token ids that are chosen like any others and filled last: for orders and counts a position where one of them is chosen has
    /// probability 0 and the largest entropy, and the probabilities elsewhere are those among the other tokens. Orders by confidence
    /// otherwise often choose the end of the text first, everywhere. Orders without predictions are not changed. LLaDA's
    /// <c>confidence_eos_eot_inf</c> and dLLM's <c>begin_suppress_tokens</c>. Ids of the vocabulary. Default none.
    /// </summary>
    [JsonPropertyName("PostponedTokens")]
    [OmittedAtDefault]
    public IReadOnlyList<int>? PostponedTokens { get; set; }

    /// <summary>What is added to the logits of token ids, finite numbers. Default none.</summary>
    [JsonPropertyName("TokenBias")]
    [OmittedAtDefault]
    public IReadOnlyDictionary<int, double>? TokenBias { get; set; }

    /// <summary>
    /// Whether the order looks at the probabilities with which a token is drawn, as in Dream's sampler: those after
    /// <see cref="Temperature"/> (where it is above 0), among the tokens that <see cref="TopK"/>, <see cref="TopP"/> and <see cref="MinP"/>
    /// keep. Default false.
    /// </summary>
    [JsonPropertyName("OrderSeesKeptTokens")]
    [OmittedAtDefault]
    public bool OrderSeesKeptTokens { get; set; }

    /// <summary>
    /// Whether the rows of a call compete for the positions that a step fills, as in SMDM's most-confident-first sampler: then a row's
    /// result depends on the rows beside it. Not with <see cref="BlockLength"/> or <see cref="Remasking"/>. For the repetition of
    /// published figures only. Default false.
    /// </summary>
    [JsonPropertyName("SharesStepsAmongRows")]
    [OmittedAtDefault]
    public bool SharesStepsAmongRows { get; set; }

    /// <summary>
    /// Seed of all draws: of tokens at a temperature above 0, of random orders and counts, and of remasking. Default 0.
    /// </summary>
    [JsonPropertyName("Seed")]
    public int Seed { get; set; }

    /// <summary>Tokens that go through the network at once, 1 or more. Changes memory and speed, not results. Default 8192.</summary>
    [JsonPropertyName("BatchTokens")]
    public int BatchTokens { get; set; } = 8192;

    /// <summary>Whether the choice is among fewer tokens than the order sees.</summary>
    internal bool FiltersTokens => TopK is not null || TopP < 1 || MinP > 0;

    /// <summary>Whether any tokens are filled last.</summary>
    internal bool PostponesTokens => PostponedTokens is { Count: > 0 };

    /// <summary>Whether a guidance of the scale acts where this share of the masked tokens is left.</summary>
    internal bool IsGuided(double maskedShare) => GuidanceScale != 0 && maskedShare <= GuidanceStart && maskedShare > GuidanceEnd;

    /// <summary>Whether several results of one text can differ: something is drawn, or they compete for the steps.</summary>
    /// <param name="isAutoregressive">Whether the model writes from left to right: then the choice of tokens alone counts.</param>
    internal bool CanDiffer(bool isAutoregressive = false)
    {
        if (Temperature > 0)
            return true;
        bool corrects = SelfCorrectionSteps > 0 && SelfCorrectionTemperature > 0;
        // Options that are missing are refused elsewhere.
        return !isAutoregressive && (corrects || SharesStepsAmongRows || Order is not { UsesDraws: false }
            || TokensPerStep is not { UsesDraws: false } || Remasking is not { UsesDraws: false });
    }

    internal SamplingOptions Clone()
    {
        OptionCheck.Require(Steps is null or >= 1, nameof(Steps), Steps, "at least 1, or null for one token a pass");
        OptionCheck.Require(Temperature is >= 0 and <= 100, nameof(Temperature), Temperature, "0 to 100; 0 takes the most probable token");
        OptionCheck.Require(GuidanceScale is >= 0 and <= 1000, nameof(GuidanceScale), GuidanceScale, "0 to 1000; 0 is off");
        OptionCheck.RequireShare(GuidanceEnd, nameof(GuidanceEnd));
        OptionCheck.Require(GuidanceStart >= GuidanceEnd && GuidanceStart <= 1, nameof(GuidanceStart), GuidanceStart,
            "0 to 1, and at least GuidanceEnd");
        OptionCheck.RequireObject(Order, nameof(Order), $"one of {string.Join(", ", SamplingOrder.Names)}, or an order of your own");
        OptionCheck.RequireObject(TokensPerStep, nameof(TokensPerStep),
            $"one of {string.Join(", ", TokensPerStep.Names)}, or a rule of your own");
        OptionCheck.RequireObject(Remasking, nameof(Remasking), $"one of {string.Join(", ", Remasking.Names)}, or a rule of your own");
        OptionCheck.RequireObject(Cache, nameof(Cache), $"one of {string.Join(", ", SamplingCache.Names)}, or a cache of your own");
        OptionCheck.Require(SelfCorrectionSteps >= 0, nameof(SelfCorrectionSteps), SelfCorrectionSteps, "0 or more; 0 is off");
        OptionCheck.Require(SelfCorrectionTemperature is >= 0 and <= 100, nameof(SelfCorrectionTemperature), SelfCorrectionTemperature,
            "0 to 100; 0 tries the most probable token");
        OptionCheck.Require(SelfCorrectionSteps == 0 || !SharesStepsAmongRows, nameof(SelfCorrectionSteps), SelfCorrectionSteps,
            "0 with SharesStepsAmongRows");
        OptionCheck.RequireCountOrNull(BlockLength, nameof(BlockLength));
        OptionCheck.RequireCountOrNull(TopK, nameof(TopK));
        OptionCheck.Require(TopP is > 0 and <= 1, nameof(TopP), TopP, "above 0 and at most 1; 1 is off");
        OptionCheck.RequireShare(MinP, nameof(MinP));
        OptionCheck.Require(RepetitionPenalty is > 0 and <= 100, nameof(RepetitionPenalty), RepetitionPenalty,
            "above 0 and at most 100; 1 is off");
        OptionCheck.Require(!SharesStepsAmongRows || Remasking == Remasking.None, nameof(SharesStepsAmongRows), SharesStepsAmongRows,
            "false with a Remasking other than None");
        OptionCheck.Require(!SharesStepsAmongRows || BlockLength is null, nameof(BlockLength), BlockLength,
            "null with SharesStepsAmongRows");
        OptionCheck.Require(BatchTokens >= 1, nameof(BatchTokens), BatchTokens, "at least 1 token");
        var copy = (SamplingOptions)MemberwiseClone();
        copy.SuppressedTokens = SuppressedTokens is null ? null : [.. SuppressedTokens];
        copy.PostponedTokens = PostponedTokens is null ? null : [.. PostponedTokens];
        copy.TokenBias = TokenBias?.ToDictionary();
        foreach ((int id, double bias) in copy.TokenBias ?? new Dictionary<int, double>())
            OptionCheck.Require(double.IsFinite(bias), $"{nameof(TokenBias)}[{id}]", bias,
                "finite; use SuppressedTokens to forbid a token");
        return copy;
    }

    /// <summary>These options for a network whose attention goes by blocks, which are then those of the sampler; else themselves.</summary>
    /// <param name="attentionBlockSize">As of <see cref="TransformerConfig.AttentionBlockSize"/>.</param>
    /// <param name="isCached">Whether what stands before a block may be kept, which loses nothing: it does not depend on the block.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options ask for other blocks.</exception>
    internal SamplingOptions For(int? attentionBlockSize, bool isCached)
    {
        if (attentionBlockSize is not { } size)
            return this;
        OptionCheck.Require(BlockLength is null || BlockLength == size, nameof(BlockLength), BlockLength,
            FormattableString.Invariant($"null or {size}, the network's AttentionBlockSize"));
        OptionCheck.Require(!SharesStepsAmongRows, nameof(SharesStepsAmongRows), SharesStepsAmongRows,
            "false with a network whose attention goes by blocks");
        OptionCheck.Require(SelfCorrectionSteps == 0, nameof(SelfCorrectionSteps), SelfCorrectionSteps,
            "0 with a network whose attention goes by blocks: it sees nothing of the blocks behind a token");
        var own = (SamplingOptions)MemberwiseClone();
        own.BlockLength = size;
        if (isCached && Cache == SamplingCache.None)
            own.Cache = BlockCache.Instance;
        return own;
    }

    /// <summary>Refuses what a vocabulary does not have.</summary>
    internal void CheckVocabulary(int size)
    {
        OptionCheck.Require(TopK is null || TopK <= size, nameof(TopK), TopK, $"1 to the vocabulary's size {size}, or null");
        foreach (int id in SuppressedTokens ?? [])
            OptionCheck.Require(id >= 0 && id < size, nameof(SuppressedTokens), id, $"ids of the vocabulary, 0 to {size - 1}");
        foreach (int id in PostponedTokens ?? [])
            OptionCheck.Require(id >= 0 && id < size, nameof(PostponedTokens), id, $"ids of the vocabulary, 0 to {size - 1}");
        foreach (int id in TokenBias?.Keys ?? [])
            OptionCheck.Require(id >= 0 && id < size, nameof(TokenBias), id, $"of ids of the vocabulary, 0 to {size - 1}");
        int forbidden = SuppressedTokens?.Distinct().Count() ?? 0;
        OptionCheck.Require(forbidden < size, nameof(SuppressedTokens), forbidden, $"fewer than all {size} tokens");
    }
}
