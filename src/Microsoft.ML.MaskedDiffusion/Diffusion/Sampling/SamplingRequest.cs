using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>A row to be filled.</summary>
/// <param name="Tokens">Its ids; copied.</param>
/// <param name="Positions">The positions to fill, ascending.</param>
internal sealed record SamplingRequest(int[] Tokens, int[] Positions)
{
    /// <summary>Names the row's draws.</summary>
    public required ulong Key { get; init; }

    /// <summary>Where given, the row is only filled to see whether it becomes this; it stops at the first other token.</summary>
    public int[]? Expected { get; init; }

    /// <summary>Where given, each position gets this row's token, and the log-probabilities are those of these tokens.</summary>
    public int[]? Teacher { get; init; }

    /// <summary>Tokens of the text that are masked behind the row: they are written in later rows.</summary>
    public int MaskedBehind { get; init; }

    /// <summary>The tokens of the whole text that is written, in this row and others; null for those of this row.</summary>
    public int? TextLength { get; init; }

    /// <summary>Whether the positions hold tokens already, which are only to be corrected.</summary>
    public bool IsWritten { get; init; }

    /// <summary>What may be chosen; null for everything.</summary>
    public GapVocabulary? Vocabulary { get; init; }

    /// <summary>The gaps whose tokens must be UTF-8 together; none where only <see cref="Vocabulary"/> restricts.</summary>
    public Range[] Gaps { get; init; } = [];

    /// <summary>Whether a text begins with the first gap, so that what fills it is decoded as a beginning.</summary>
    public bool StartsText { get; init; }

    /// <summary>
    /// How many tokens at the beginning guidance masks in its unconditional row; null for all that were given.
    /// </summary>
    public int? PromptLength { get; init; }

    /// <summary>
    /// The ids that stand in the place of the prompt in guidance's unconditional row; null for a masked prompt. Only with
    /// <see cref="PromptLength"/>.
    /// </summary>
    public int[]? NegativePrompt { get; init; }

    /// <summary>The states of <see cref="GapVocabulary"/> in which the first gap may begin; within a character where it goes on.</summary>
    public byte FirstStates { get; init; } = GapVocabulary.Between;

    /// <summary>The states in which the last gap may end; within a character where more tokens follow.</summary>
    public byte FinalStates { get; init; } = GapVocabulary.Between;

    /// <summary>The first position of the first block.</summary>
    public int BlockStart { get; init; }

    /// <summary>Whether the network's output before a position predicts it (<see cref="TransformerConfig.ShiftsLogits"/>).</summary>
    public bool IsShifted { get; init; }

    /// <summary>As of <see cref="TransformerConfig.AttentionBlockSize"/>; blocks of attention are then those of the sampler.</summary>
    public int? AttentionBlockSize { get; init; }

    /// <summary>The blocks of attention, one of which begins with the first position of the first block; null for none.</summary>
    public AttentionBlocks? AttentionBlocks => Numerics.Kernels.AttentionBlocks.Of(AttentionBlockSize, BlockStart);

    /// <summary>Which positions may get a token that changes the length of their gap; null where none may.</summary>
    public ILengthTokens? LengthTokens { get; init; }

    /// <summary>The tokens after which nothing is filled. One array for all rows of a call.</summary>
    public int[] EndOfTextIds { get; init; } = [];

    /// <summary>The first position that may hold the end of the text.</summary>
    public int FirstEnd { get; init; }

    /// <summary>What is subtracted from the logit of the end of the text.</summary>
    public double EndOfTextPenalty { get; init; }
}
