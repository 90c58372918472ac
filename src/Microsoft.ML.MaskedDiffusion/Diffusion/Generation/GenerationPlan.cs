using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Options;

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
    /// <summary>The token that ends a text; null where the tokenizer has none.</summary>
    public int? EndOfTextId => Tokenizer.EndOfSequenceId;

    /// <summary>Whether a prompt of so many tokens can be continued.</summary>
    public bool Fits(int promptLength) =>
        Options.Sampling.BlockLength is not null || promptLength + Options.MaxNewTokens <= ContextLength;

    /// <summary>Refuses blocks that leave no room for anything before them.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The block length is too large.</exception>
    public void RequireBlocksFit()
    {
        int? length = Options.Sampling.BlockLength;
        OptionCheck.Require(length is null || length < ContextLength, "Sampling.BlockLength", length,
            $"below the model's context of {ContextLength} tokens, so that the network sees something before a block");
        OptionCheck.Require(!Options.Sampling.SharesStepsAmongRows || length is null, "Sampling.BlockLength", length,
            "null with SharesStepsAmongRows");
    }
}
