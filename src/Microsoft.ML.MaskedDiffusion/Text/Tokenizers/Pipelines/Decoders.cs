using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>Several decoders, one after the other.</summary>
internal sealed class DecoderSequence(IReadOnlyList<ITokenDecoder> steps) : ITokenDecoder
{
    /// <summary>The decoders in their order.</summary>
    public IReadOnlyList<ITokenDecoder> Steps => steps;

    public List<string> Decode(List<string> tokens, bool startsText)
    {
        foreach (ITokenDecoder step in steps)
            tokens = step.Decode(tokens, startsText);
        return tokens;
    }
}

/// <summary>Joins tokens by spaces: what the Rust library does where no decoder is named.</summary>
internal sealed class SpaceDecoder : ITokenDecoder
{
    public List<string> Decode(List<string> tokens, bool startsText) => [string.Join(' ', tokens)];
}

/// <summary>Bytes in GPT-2's alphabet, joined and read as UTF-8.</summary>
internal sealed class ByteLevelDecoder : ITokenDecoder
{
    public List<string> Decode(List<string> tokens, bool startsText)
    {
        var bytes = new ArrayBufferWriter<byte>(Math.Max(16, tokens.Count * 4));
        foreach (string token in tokens)
            bytes.Write(ByteLevelAlphabet.ToBytes(token));
        return [Encoding.UTF8.GetString(bytes.WrittenSpan)];
    }
}

/// <summary>Tokens such as &lt;0x0A&gt; are bytes; bytes in a row that are no UTF-8 are as many replacement characters.</summary>
internal sealed class ByteFallbackDecoder : ITokenDecoder
{
    /// <summary>The byte that a token such as &lt;0x0A&gt; is; null for other tokens.</summary>
    public static byte? ByteOf(string token) =>
        token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value)
            ? value : null;

    public List<string> Decode(List<string> tokens, bool startsText)
    {
        var result = new List<string>(tokens.Count);
        var bytes = new List<byte>();
        foreach (string token in tokens)
        {
            if (ByteOf(token) is { } value)
            {
                bytes.Add(value);
                continue;
            }
            Flush(bytes, result);
            result.Add(token);
        }
        Flush(bytes, result);
        return result;
    }

    private static void Flush(List<byte> bytes, List<string> result)
    {
        if (bytes.Count == 0)
            return;
        try
        {
            result.Add(StrictUtf8.Encoding.GetString([.. bytes]));
        }
        catch (DecoderFallbackException)
        {
            result.AddRange(Enumerable.Repeat("\uFFFD", bytes.Count));
        }
        bytes.Clear();
    }
}

/// <summary>Joins all tokens to one, for the decoders that follow.</summary>
internal sealed class FuseDecoder : ITokenDecoder
{
    public List<string> Decode(List<string> tokens, bool startsText) => [string.Concat(tokens)];
}

/// <summary>Removes characters from the ends of each token; none from the start of text that continues other text.</summary>
internal sealed class StripDecoder(string content, int start, int stop) : ITokenDecoder
{
    public List<string> Decode(List<string> tokens, bool startsText) => [.. tokens.Select((token, i) => Strip(token, startsText || i > 0))];

    private string Strip(string token, bool atStart)
    {
        for (int i = 0; atStart && i < start && token.StartsWith(content, StringComparison.Ordinal); i++)
            token = token[content.Length..];
        for (int i = 0; i < stop && token.EndsWith(content, StringComparison.Ordinal); i++)
            token = token[..^content.Length];
        return token;
    }
}

/// <summary>Rewrites each token for itself.</summary>
internal sealed class RewriteDecoder(ITextNormalizer normalizer) : ITokenDecoder
{
    public List<string> Decode(List<string> tokens, bool startsText) => [.. tokens.Select(token => normalizer.Normalize(token, true))];
}

/// <summary>Markers become spaces; in the first token of a text they are removed where encoding puts one before a text.</summary>
internal sealed class MetaspaceDecoder(char marker, MarkerPlace place) : ITokenDecoder
{
    public List<string> Decode(List<string> tokens, bool startsText) => [.. tokens.Select((token, i) =>
        i == 0 && startsText && place != MarkerPlace.Never
            ? token.Replace(marker.ToString(), "", StringComparison.Ordinal) : token.Replace(marker, ' '))];
}

/// <summary>A space before each token but the first and those that continue a word.</summary>
internal sealed class WordPieceDecoder(string prefix, bool cleanUp) : ITokenDecoder
{
    private static readonly (string Found, string Replacement)[] Rules =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    public List<string> Decode(List<string> tokens, bool startsText) =>
        [.. tokens.Select((token, i) => CleanUp(Space(token, startsText && i == 0)))];

    private string Space(string token, bool first) => first ? token
        : token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;

    private string CleanUp(string token)
    {
        if (!cleanUp)
            return token;
        foreach ((string found, string replacement) in Rules)
            token = token.Replace(found, replacement, StringComparison.Ordinal);
        return token;
    }
}

/// <summary>The suffix that ends words becomes a space, but for the last token.</summary>
internal sealed class SuffixDecoder(string suffix) : ITokenDecoder
{
    public List<string> Decode(List<string> tokens, bool startsText) => [.. tokens.Select((token, i) =>
        token.Replace(suffix, i == tokens.Count - 1 ? "" : " ", StringComparison.Ordinal))];
}
