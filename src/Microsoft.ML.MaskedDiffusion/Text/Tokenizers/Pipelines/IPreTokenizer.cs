namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>Cuts a piece of normalized text into smaller ones; no token crosses their borders.</summary>
internal interface IPreTokenizer
{
    /// <summary>Appends the pieces that are not empty.</summary>
    /// <param name="piece">The piece to cut.</param>
    /// <param name="startsText">Whether the text is not the continuation of other text.</param>
    /// <param name="pieces">Receives the pieces.</param>
    void Split(TextPiece piece, bool startsText, List<TextPiece> pieces);
}
