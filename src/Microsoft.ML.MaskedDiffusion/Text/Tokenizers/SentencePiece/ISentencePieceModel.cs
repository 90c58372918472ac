namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

/// <summary>Cuts normalized text into pieces. Characters without a piece are pieces of the unknown id, one by one.</summary>
internal interface ISentencePieceModel
{
    /// <summary>Appends the pieces of a text, in their order.</summary>
    void Segment(string text, List<TokenSpan> pieces);
}
