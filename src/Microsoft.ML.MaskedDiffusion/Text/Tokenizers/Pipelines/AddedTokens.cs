using System.Buffers;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>A token that is found in the text itself before the model sees it.</summary>
internal sealed record AddedToken(int Id, string Content)
{
    /// <summary>Whether it is left out when ids are decoded.</summary>
    public bool Special { get; init; }

    /// <summary>Whether text that spells it is plain text.</summary>
    public bool Unspelled { get; init; }

    /// <summary>Whether it is looked for in normalized text.</summary>
    public bool Normalized { get; init; }

    /// <summary>Whether it is no token inside a word.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Whether white space before it belongs to it.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>Whether white space after it belongs to it.</summary>
    public bool RightStrip { get; init; }
}

/// <summary>Finds added tokens of one kind in a text: at each place the longest, from left to right.</summary>
internal sealed class AddedTokenFinder
{
    private readonly IReadOnlyList<AddedToken> _tokens;
    private readonly UnitTrie _trie = new();
    private readonly SearchValues<char> _starts;

    public AddedTokenFinder(IReadOnlyList<AddedToken> tokens, Func<string, string> contentOf)
    {
        _tokens = tokens;
        for (int i = 0; i < tokens.Count; i++)
        {
            string content = contentOf(tokens[i].Content);
            if (content.Length > 0 && _trie.Longest(content, out _) < content.Length)
                _trie.Add(content, i);
        }
        _starts = SearchValues.Create([.. tokens.Select(token => contentOf(token.Content)).Where(c => c.Length > 0).Select(c => c[0])]);
    }

    /// <summary>Cuts a text at its added tokens; the parts between them have the id -1.</summary>
    public List<TokenSpan> Split(string text)
    {
        var parts = new List<TokenSpan>();
        int done = 0;
        for (int at = 0, skipped; (skipped = text.AsSpan(at).IndexOfAny(_starts)) >= 0;)
        {
            at += skipped;
            int length = _trie.Longest(text.AsSpan(at), out int index);
            if (length == 0)
            {
                at++;
                continue;
            }
            (int start, int end) = (at, at + length);
            at = end;
            AddedToken token = _tokens[index];
            if (token.SingleWord && (EndsWithWord(text.AsSpan(0, start)) || StartsWithWord(text.AsSpan(end))))
                continue;
            while (token.LeftStrip && start > done && char.IsWhiteSpace(text[start - 1]))
                start--;
            while (token.RightStrip && end < text.Length && char.IsWhiteSpace(text[end]))
                end++;
            if (start > done)
                parts.Add(new TokenSpan(-1, done, start - done));
            parts.Add(new TokenSpan(token.Id, start, end - start));
            done = end;
        }
        if (done < text.Length)
            parts.Add(new TokenSpan(-1, done, text.Length - done));
        return parts;
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && CharacterClasses.IsWord(rune);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && CharacterClasses.IsWord(rune);
}
