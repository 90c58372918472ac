namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>A piece of text on its way to the model.</summary>
/// <param name="Text">What the model cuts into tokens.</param>
/// <param name="Shown">
/// The same before its bytes were written in the alphabet of byte-level vocabularies, where each unit of <paramref name="Text"/> is a
/// byte; else the same string.
/// </param>
/// <param name="First">Whether the piece begins where the text begins.</param>
internal readonly record struct TextPiece(string Text, string Shown, bool First)
{
    public TextPiece(string text, bool first) : this(text, text, first) { }
}
