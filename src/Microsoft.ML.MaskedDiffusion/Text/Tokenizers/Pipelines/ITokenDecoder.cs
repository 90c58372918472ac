namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>One step from tokens back to text; after the last step the tokens are joined.</summary>
internal interface ITokenDecoder
{
    /// <summary>The rewritten tokens. What marks the start of a text is removed only where the tokens start one.</summary>
    List<string> Decode(List<string> tokens, bool startsText);
}
