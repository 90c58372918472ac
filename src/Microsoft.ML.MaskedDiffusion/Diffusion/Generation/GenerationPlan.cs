using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

/// <summary>What is the same for all texts that a generator writes.</summary>
/// <param name="Options">The checked options.</param>
/// <param name="Tokenizer">The model's tokenizer.</param>
/// <param name="ContextLength">Tokens that the network sees.</param>
/// <param name="MaskTokenId">The mask token.</param>
/// <param name="Vocabulary">What may be written.</param>
/// <param name="Stops">The stop strings; null for none.</param>
internal sealed record GenerationPlan(
    GenerationOptions Options, TextTokenizer Tokenizer, int ContextLength, int MaskTokenId, GapVocabulary Vocabulary, StopScanner? Stops)
{
    /// <summary>Whether the network's output before a position predicts it. Default false.</summary>
    public bool IsShifted { get; init; }

    /// <summary>As of <see cref="TransformerConfig.AttentionBlockSize"/>. Default null.</summary>
    public int? AttentionBlockSize { get; init; }

    /// <summary>The most tokens of a text.</summary>
    public int MaxNewTokens { get; } = Options.MaxNewTokensIn(ContextLength);

    /// <summary>How tokens are chosen: as the options say, in the network's own blocks where its attention has any.</summary>
    public SamplingOptions Sampling => field ??= Options.Sampling.For(AttentionBlockSize, isCached: true);

    /// <summary>
    /// How one block of a text is written that is longer than the context: with its share of the steps, as among the blocks of one row.
    /// </summary>
    public SamplingOptions SamplingOfOneBlock => field ??= OfOneBlock(Sampling, MaxNewTokens);

    /// <summary>Turns prompts into ids.</summary>
    public PromptEncoder Prompts { get; } = new(Tokenizer, Options.PromptTokens, Options.LiteralPrompts);

    /// <summary>What stands before the first token of a text.</summary>
    public int[] Start { get; } = DocumentStart.Of(Tokenizer);

    /// <summary>The ids of the prompt that guidance leads away from; null where it masks the prompt.</summary>
    public int[]? NegativePrompt { get; } =
        Options.NegativePrompt is { } text ? new PromptEncoder(Tokenizer, Options.PromptTokens, Options.LiteralPrompts).Encode(text) : null;

    /// <summary>The rules about the end of a text after a prompt of so many tokens; everything else is the caller's.</summary>
    public SamplingRequest RequestOf(int promptLength) => new([], [])
    {
        Key = 0,
        EndOfTextIds = EndOfTextIds,
        FirstEnd = promptLength + Options.MinNewTokens,
        EndOfTextPenalty = Options.EndOfTextPenalty,
        IsShifted = IsShifted,
        AttentionBlockSize = AttentionBlockSize,
    };

    /// <summary>The tokens that end a text: the tokenizer's end of sequence, if it has one, and those of the options.</summary>
    public int[] EndOfTextIds { get; } =
    [
        .. new[] { Tokenizer.EndOfSequenceId }.OfType<int>().Concat(Options.EndTokens ?? []).Distinct(),
    ];

    /// <summary>Whether a prompt of so many tokens can be continued.</summary>
    public bool Fits(int promptLength) => Options.Sampling.BlockLength is not null
        || Math.Max(promptLength, NegativePrompt?.Length ?? 0) + MaxNewTokens <= ContextLength;

    /// <summary>Refuses what the kind of model cannot do, and blocks that leave no room for anything before them.</summary>
    /// <exception cref="ArgumentException">An option does not fit the model.</exception>
    public void Check(bool isAutoregressive)
    {
        // Reading them throws where blocks are others than the network's own.
        _ = Sampling;
        SamplingOptions sampling = Options.Sampling;
        foreach (int id in Options.EndTokens ?? [])
        {
            OptionCheck.Require(id >= 0 && id < Tokenizer.VocabularySize, "EndTokens", id,
                $"ids of the vocabulary, 0 to {Tokenizer.VocabularySize - 1}");
            OptionCheck.Require(id != MaskTokenId, "EndTokens", id, "ids other than the mask token's");
        }
        int least = NegativePrompt?.Length ?? 0;
        if (sampling.BlockLength is { } length)
        {
            int most = ContextLength - least - 1;
            OptionCheck.Require(length <= most, "Sampling.BlockLength", length, most < 1
                ? $"null, since a NegativePrompt of {least} tokens leaves no room for a block in the model's context of {ContextLength}"
                : $"1 to {most}: the model's context of {ContextLength} tokens less one before a block"
                + (least > 0 ? $" and the {least} of NegativePrompt" : ""));
        }
        else if (least > 0)
        {
            OptionCheck.Require(MaxNewTokens < ContextLength, "MaxNewTokens", MaxNewTokens, $"0 to {ContextLength - 1}, below the model's "
                + "context, with a NegativePrompt; set Sampling.BlockLength for longer texts");
            OptionCheck.Require(least + MaxNewTokens <= ContextLength, "NegativePrompt", $"{least} tokens", string.Create(
                CultureInfo.InvariantCulture, $"at most {ContextLength - MaxNewTokens} tokens: the model's context of {ContextLength} less "
                + $"MaxNewTokens {MaxNewTokens}. Shorten it, lower MaxNewTokens, or set Sampling.BlockLength"));
        }
        if (!isAutoregressive)
            return;
        OptionCheck.Require(sampling.Remasking == Remasking.None, "Sampling.Remasking", sampling.Remasking,
            "None for an autoregressive model, which cannot mask tokens");
        OptionCheck.Require(sampling.SelfCorrectionSteps == 0, "Sampling.SelfCorrectionSteps", sampling.SelfCorrectionSteps,
            "0 for an autoregressive model, which sees nothing of what follows a token");
        OptionCheck.Require(Start.Length > 0, "Tokenizer", "without a beginning or end of sequence",
            "one with such a token, which an autoregressive model reads before the first token of a text");
    }

    private static SamplingOptions OfOneBlock(SamplingOptions sampling, int tokens)
    {
        if (sampling is not { Steps: { } steps, BlockLength: { } length } || tokens <= length)
            return sampling;
        int blocks = (tokens + length - 1) / length;
        SamplingOptions own = sampling.Clone();
        own.Steps = 1 + (steps - 1) / blocks;
        return own;
    }
}
