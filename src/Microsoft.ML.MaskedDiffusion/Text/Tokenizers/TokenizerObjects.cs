using Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>
/// Makes tokenizers of the ML.NET package again from what they say of themselves. That is little: no kind gives its files, its merges, its
/// scores or its pattern. A Tiktoken tokenizer gives its special tokens and can be compared, token by token, with the published encodings.
/// </summary>
internal static class TokenizerObjects
{
    /// <exception cref="NotSupportedException">It cannot be made again.</exception>
    public static TextTokenizer Read(Tokenizer tokenizer) => tokenizer switch
    {
        TiktokenTokenizer tiktoken => Tiktoken(tiktoken),
        OwnTokenizer => throw Refused("It is a tokenizer of this library",
            "pass the TextTokenizer that has it to TokenizerSource.FromTokenizer"),
        BpeTokenizer => throw Refused("A BpeTokenizer does not give its merges",
            "give vocab.json and merges.txt, or better tokenizer.json, to TokenizerSource.FromFile"),
        SentencePieceTokenizer => throw Refused("A SentencePieceTokenizer does not give its scores",
            "give its tokenizer.model to TokenizerSource.FromFile"),
        WordPieceTokenizer => throw Refused("A WordPiece or BERT tokenizer does not give its vocabulary",
            "give its vocab.txt, or better tokenizer.json, to TokenizerSource.FromFile"),
        _ => throw Refused($"A {tokenizer.GetType().Name} does not say how it splits text",
            "give its files (tokenizer.json, tokenizer.model, vocab.json and merges.txt, vocab.txt) to TokenizerSource.FromFile"),
    };

    private static TextTokenizer Tiktoken(TiktokenTokenizer tokenizer)
    {
        const string remedy = "give its .tiktoken file, pattern and special tokens to TokenizerSource.FromTiktoken";
        if (tokenizer.Normalizer is not null)
            throw Refused("The Tiktoken tokenizer has a normalizer", remedy);
        string reason = "The Tiktoken tokenizer has not the special tokens of a published encoding";
        foreach (string name in TiktokenEncoding.Names)
        {
            TiktokenEncoding encoding = TiktokenEncoding.Find(name);
            if (encoding.SpecialTokens.Count != (tokenizer.SpecialTokens?.Count ?? 0)
                || !encoding.SpecialTokens.All(token => tokenizer.SpecialTokens!.TryGetValue(token.Key, out int id) && id == token.Value))
            {
                continue;
            }
            TextTokenizer read;
            try
            {
                read = encoding.ReadPackage(spelled: true);
            }
            catch (FileNotFoundException e)
            {
                reason = e.Message;
                continue;
            }
            if (Difference(tokenizer, read) is not { } difference)
                return read;
            reason = $"The Tiktoken tokenizer is not '{name}', whose special tokens it has: {difference}";
        }
        throw Refused(reason, remedy);
    }

    private static string? Difference(TiktokenTokenizer tokenizer, TextTokenizer read)
    {
        for (int id = 0; id < read.VocabularySize; id++)
        {
            // A token of bytes that are no UTF-8 alone has no text in the package, and may throw.
            string ours = read.Tokenizer.Decode([id]);
            if (ours.Length > 0 && !ours.Contains('\uFFFD') && tokenizer.Decode([id]) != ours)
                return $"its token {id} is '{tokenizer.Decode([id])}', not '{ours}'";
        }
        return SameIds.FirstDifference(tokenizer, read);
    }

    private static NotSupportedException Refused(string reason, string remedy) =>
        new($"{reason.TrimEnd('.')}, so it cannot be kept in a model: {remedy}.");
}
