using System.Buffers;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>
/// A tokenizer of the ML.NET package's kind whose ids are computed here. What the package asks of a tokenizer is done in this class; the
/// derived classes normalize, encode and decode. Offsets and lengths are those of the normalized text.
/// </summary>
internal abstract class OwnTokenizer : Tokenizer
{
    /// <summary>
    /// Appends the tokens of a text and returns the normalized text. Text that follows other text or a gap does not start a text, so no
    /// marker for the start is put before it.
    /// </summary>
    public abstract string Encode(string text, bool startsText, bool normalize, List<TokenSpan> tokens);

    /// <summary>The text of ids, all of which are in the vocabulary.</summary>
    public abstract string Decode(IReadOnlyList<int> ids, bool startsText);

    /// <summary>A token as its vocabulary writes it.</summary>
    public abstract string TokenOf(int id);

    /// <summary>The ids of a text.</summary>
    public int[] Encode(string text, bool startsText)
    {
        var tokens = new List<TokenSpan>(text.Length / 3 + 2);
        Encode(text, startsText, true, tokens);
        int[] ids = new int[tokens.Count];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = tokens[i].Id;
        return ids;
    }

    /// <inheritdoc/>
    public sealed override string Decode(IEnumerable<int> ids) => Decode([.. ids], startsText: true);

    /// <inheritdoc/>
    public sealed override OperationStatus Decode(
        IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        int[] all = [.. ids];
        string text = Decode(all, startsText: true);
        int fits = all.Length;
        if (text.Length > destination.Length)
        {
            // Ids whose text fits, as many as halving finds.
            int low = 0;
            for (int high = all.Length - 1; low < high;)
            {
                int middle = (low + high + 1) / 2;
                if (Decode(all[..middle], startsText: true).Length <= destination.Length)
                    low = middle;
                else
                    high = middle - 1;
            }
            fits = low;
            text = Decode(all[..fits], startsText: true);
        }
        text.CopyTo(destination);
        (idsConsumed, charsWritten) = (fits, text.Length);
        return fits == all.Length ? OperationStatus.Done : OperationStatus.DestinationTooSmall;
    }

    /// <inheritdoc/>
    protected sealed override EncodeResults<EncodedToken> EncodeToTokens(
        string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var tokens = new List<TokenSpan>();
        string given = WellFormedText.Of(text ?? textSpan.ToString());
        string normalized = given.Length == 0 ? "" : Encode(given, true, settings.ConsiderNormalization, tokens);
        int count = Math.Min(tokens.Count, Math.Max(0, settings.MaxTokenCount));
        var encoded = new EncodedToken[count];
        for (int i = 0; i < count; i++)
        {
            TokenSpan token = tokens[i];
            encoded[i] = new EncodedToken(token.Id, TokenOf(token.Id), token.Start..(token.Start + token.Length));
        }
        return new EncodeResults<EncodedToken>
        {
            Tokens = encoded,
            NormalizedText = normalized,
            CharsConsumed = count < tokens.Count ? tokens[count].Start : normalized.Length,
        };
    }
}
