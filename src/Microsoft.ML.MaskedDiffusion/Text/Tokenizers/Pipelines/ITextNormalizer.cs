namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>Rewrites text before it is cut.</summary>
internal interface ITextNormalizer
{
    /// <summary>The rewritten text. A marker for the start of a text is put only before one that starts a text.</summary>
    string Normalize(string text, bool startsText);
}
