using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

/// <summary>The texts of tokens that were written after a prompt.</summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="ends">The tokens that end a text, which are not shown.</param>
/// <param name="prompt">The prompt.</param>
/// <param name="isLiteral">Whether the prompt's last space is a token of its own.</param>
internal sealed class CompletionText(TextTokenizer tokenizer, int[] ends, string prompt, bool isLiteral)
{
    /// <summary>The text of whole tokens. A prompt's last space and the first one of the text are the same, unless it is literal.</summary>
    public string Of(IReadOnlyList<int> ids)
    {
        int[] shown = [.. ids.TakeWhile(id => !ends.Contains(id))];
        string text = prompt.Length == 0 ? tokenizer.Decode(shown) : tokenizer.DecodeInside(shown);
        return !isLiteral && prompt.EndsWith(' ') && text.StartsWith(' ') ? text[1..] : text;
    }

    /// <summary>The same for tokens that may end within a character, which is then left out.</summary>
    public string OfUnfinished(IReadOnlyList<int> ids)
    {
        int count = ids.Count;
        while (count > 0 && ids.Count - count < 4 && EndsWithinCharacter(ids, count))
            count--;
        return Of([.. ids.Take(count)]);
    }

    /// <summary>One token's own text.</summary>
    public string OfToken(int id)
    {
        if (id < 0 || ends.Contains(id) || id >= tokenizer.VocabularySize)
            return "";
        ReadOnlySpan<byte> bytes = tokenizer.BytesOf(id).Span;
        var text = new StringBuilder();
        while (bytes.Length > 0)
        {
            if (Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == System.Buffers.OperationStatus.Done)
                text.Append(rune.ToString());
            else
                text.Append($"<0x{bytes[0]:X2}>");
            bytes = bytes[(rune == Rune.ReplacementChar && length > 1 ? 1 : length)..];
        }
        return text.ToString();
    }

    private bool EndsWithinCharacter(IReadOnlyList<int> ids, int count)
    {
        // Four tokens reach back to the beginning of any character.
        var bytes = new List<byte>();
        for (int i = Math.Max(0, count - 4); i < count; i++)
        {
            if (ids[i] >= 0 && ids[i] < tokenizer.VocabularySize)
                bytes.AddRange(tokenizer.BytesOf(ids[i]).Span);
        }
        int start = bytes.Count - 1;
        while (start > 0 && (bytes[start] & 0xC0) == 0x80)
            start--;
        return start >= 0 && Rune.DecodeFromUtf8(bytes.ToArray().AsSpan(start), out _, out _)
            == System.Buffers.OperationStatus.NeedMoreData;
    }
}
