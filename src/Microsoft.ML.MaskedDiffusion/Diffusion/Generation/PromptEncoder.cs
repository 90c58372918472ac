using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

/// <summary>Turns prompts into ids, with the beginning of the text and the tokens that stand in them by name.</summary>
internal sealed class PromptEncoder
{
    private readonly TextTokenizer _tokenizer;
    private readonly int[] _start;
    private readonly (string Text, int Id)[] _named;
    private readonly bool _isLiteral;

    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="named">Texts that stand for a token; null for none.</param>
    /// <param name="isLiteral">Whether prompts that are not empty have no ids but those of their text.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not one of the tokenizer's.</exception>
    public PromptEncoder(TextTokenizer tokenizer, IReadOnlyDictionary<string, int>? named, bool isLiteral = false)
    {
        _tokenizer = tokenizer;
        _isLiteral = isLiteral;
        _start = DocumentStart.Of(tokenizer);
        _named = [.. (named ?? new Dictionary<string, int>()).OrderByDescending(pair => pair.Key.Length)
            .Select(pair => (pair.Key, pair.Value))];
        foreach ((string text, int id) in _named)
        {
            OptionCheck.Require(id >= 0 && id < tokenizer.VocabularySize, $"PromptTokens[{text}]", id,
                $"an id of the tokenizer, 0 to {tokenizer.VocabularySize - 1}");
        }
    }

    /// <summary>
    /// The ids of a prompt. The space before a word is part of the word's token, which is to be written, and left out unless prompts are
    /// literal.
    /// </summary>
    public int[] Encode(string prompt)
    {
        bool isLiteral = _isLiteral && prompt.Length > 0;
        var ids = new List<int>(isLiteral ? [] : _start);
        string rest = prompt.EndsWith(' ') && !isLiteral ? prompt[..^1] : prompt;
        for (int length = 0; rest.Length > 0; rest = rest[length..])
        {
            (int at, string text, int id) = FindNamed(rest);
            ids.AddRange(_tokenizer.Encode(rest[..at]));
            if (at < rest.Length)
                ids.Add(id);
            length = at + text.Length;
        }
        return [.. ids];
    }

    // The first of the texts that stand for tokens, the longest of those at the same place; the end where there is none.
    private (int At, string Text, int Id) FindNamed(string prompt)
    {
        (int At, string Text, int Id) found = (prompt.Length, "", -1);
        foreach ((string text, int id) in _named)
        {
            int at = prompt.IndexOf(text, StringComparison.Ordinal);
            if (at >= 0 && at < found.At)
                found = (at, text, id);
        }
        return found;
    }
}
