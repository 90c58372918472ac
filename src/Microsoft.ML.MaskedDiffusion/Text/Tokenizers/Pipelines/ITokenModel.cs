namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>A vocabulary, and how a piece of text is cut into its tokens.</summary>
internal interface ITokenModel
{
    /// <summary>The tokens and their ids.</summary>
    IReadOnlyDictionary<string, int> Vocabulary { get; }

    /// <summary>The token of what has none, if there is one; it stands for text and has none of its own.</summary>
    int? UnknownId { get; }

    /// <summary>Appends the tokens of a piece, with their places in it.</summary>
    void Tokenize(string piece, List<TokenSpan> tokens);
}
