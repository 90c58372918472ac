using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>What filters and methods do with texts. Each text is paid for before it is made.</summary>
internal static class JinjaTexts
{
    /// <summary>A text without white space, or without the given characters, at its ends.</summary>
    public static string Trimmed(JinjaInputs inputs, string text, string? characters, bool atStart, bool atEnd)
    {
        inputs.Run.Budget.Length(inputs.Line, text.Length);
        if (characters is not null)
        {
            // Spaces and line breaks take part in what the probes of a template try out; other characters alone would not be seen there.
            if (characters.Length > 0
                && (PythonWhiteSpace.Trim(characters).Length > 0 || characters.AsSpan().IndexOfAny(' ', '\n') < 0))
                inputs.Run.Observer.Measured(text, $"which of '{TextExcerpt.Of(characters)}' stands at its ends", inputs.Line);
            char[] set = [.. characters];
            text = atStart && set.Length > 0 ? text.TrimStart(set) : text;
            return atEnd && set.Length > 0 ? text.TrimEnd(set) : text;
        }
        text = atStart ? PythonWhiteSpace.TrimStart(text) : text;
        return atEnd ? PythonWhiteSpace.TrimEnd(text) : text;
    }

    /// <summary>A text with one text in the place of another.</summary>
    public static string Replaced(JinjaInputs inputs, string text, string old, string replacement)
    {
        inputs.Run.Observer.Searched(text, old, inputs.Line);
        inputs.Run.Budget.Length(inputs.Line, text.Length);
        if (old.Length == 0)
            throw inputs.Run.Errors.Unsupported(inputs.Line, $"{inputs.Name} of an empty text");
        long count = 0;
        for (int at = 0; (at = text.IndexOf(old, at, StringComparison.Ordinal)) >= 0; at += old.Length)
            count++;
        inputs.Run.Budget.Length(inputs.Line, text.Length + (count * (replacement.Length - old.Length)));
        return text.Replace(old, replacement, StringComparison.Ordinal);
    }

    /// <summary>The parts of a text between separators, at most so many and one; null for white space and for no limit.</summary>
    public static List<object?> Split(JinjaInputs inputs, string text, string? separator, long? most)
    {
        inputs.Run.Budget.Length(inputs.Line, text.Length);
        if (separator is null)
        {
            inputs.Run.Observer.Measured(text, "its words", inputs.Line);
            if (most is not null)
                throw inputs.Run.Errors.Unsupported(inputs.Line, $"{inputs.Name} into words up to a number of them");
            return [.. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];
        }
        inputs.Run.Observer.Searched(text, separator, inputs.Line);
        if (separator.Length == 0)
            throw inputs.Bad("is given an empty text to split at");
        int count = most is >= 0 and < int.MaxValue - 1 ? (int)most + 1 : int.MaxValue;
        return [.. text.Split(separator, count)];
    }

    /// <summary>The items as texts, with a separator between them.</summary>
    public static string Joined(JinjaInputs inputs, IReadOnlyList<object?> items, string separator)
    {
        inputs.Run.Budget.Length(inputs.Line, items.Count);
        string[] texts = [.. items.Select(inputs.Written)];
        long length = texts.Sum(text => (long)text.Length) + ((long)separator.Length * Math.Max(0, texts.Length - 1));
        inputs.Run.Budget.Length(inputs.Line, length);
        return string.Join(separator, texts);
    }

    /// <summary>
    /// A text in capital letters or in small ones; other alphabets than the English one have rules that are not followed.
    /// </summary>
    public static string Cased(JinjaInputs inputs, string text, Func<string, string> change)
    {
        inputs.Run.Budget.Length(inputs.Line, text.Length);
        inputs.Run.Observer.Measured(text, "its letters in another case", inputs.Line);
        return Ascii.IsValid(text) ? change(text)
            : throw inputs.Run.Errors.Unsupported(inputs.Line, $"{inputs.Name} of letters beyond ASCII");
    }

    /// <summary>A text whose first letter is a capital one, and no other.</summary>
    public static string Capitalized(string text) =>
        text.Length == 0 ? "" : text[..1].ToUpperInvariant() + text[1..].ToLowerInvariant();
}
