using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.ML.MaskedDiffusion;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ConsoleView;

/// <summary>Cuts a prompt and tokens into cells, with signs in place of what a console would obey.</summary>
internal static class TextCells
{
    /// <summary>The cells of a text that is being written.</summary>
    /// <param name="state">The state of the text.</param>
    /// <param name="prompt">The prompt before it.</param>
    /// <param name="isUnicode">Whether the console shows more than ASCII.</param>
    public static List<TextCell> Of(GenerationState state, string prompt, bool isUnicode)
    {
        var cells = new List<TextCell>();
        // A prompt's last space and the first one of the text are the same.
        bool isDoubled = prompt.EndsWith(' ') && state.Tokens.Count > 0 && state.Tokens[0].Text.StartsWith(' ');
        Add(cells, isDoubled ? prompt[..^1] : prompt, TokenColors.Prompt, isUnicode);
        var changed = state.Changed.ToHashSet();
        for (int i = 0; i < state.Tokens.Count; i++)
        {
            GeneratedToken token = state.Tokens[i];
            if (token.IsMasked)
            {
                string block = isUnicode ? token.TimesMasked > 0 ? "▒▒" : "░░" : "##";
                cells.Add(new TextCell(block, 2, TokenColors.OfMask(token.TimesMasked > 0)));
                cells.Add(new TextCell(" ", 1, TokenColors.Dim) { IsSpace = true });
                continue;
            }
            Style style = TokenColors.Of(token.Probability, changed.Contains(i));
            Add(cells, token.Text.Length == 0 ? "[end]" : token.Text, style, isUnicode);
        }
        return cells;
    }

    /// <summary>A text for files and pipes: as it is, but for control characters other than line breaks and tabs.</summary>
    public static string PlainText(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            plain.Append(rune.Value is '\n' or '\t' ? rune.ToString() : Shown(rune.ToString(), isUnicode: true));
        return plain.ToString();
    }

    /// <summary>As much of a text as fits into a width.</summary>
    public static string Cut(string text, int width)
    {
        var cut = new StringBuilder();
        foreach (string element in Elements(text))
        {
            width -= WidthOf(element);
            if (width < 0)
                break;
            cut.Append(element);
        }
        return cut.ToString();
    }

    private static void Add(List<TextCell> cells, string text, Style style, bool isUnicode)
    {
        foreach (string element in Elements(text))
        {
            string shown = Shown(element, isUnicode);
            bool endsLine = element is "\n" or "\r\n";
            cells.Add(new TextCell(shown, WidthOf(shown), endsLine ? TokenColors.Sign(style) : style)
            {
                EndsLine = endsLine, IsSpace = element == " ", IsWritten = true,
            });
        }
    }

    private static IEnumerable<string> Elements(string text)
    {
        TextElementEnumerator elements = StringInfo.GetTextElementEnumerator(text);
        while (elements.MoveNext())
            yield return elements.GetTextElement();
    }

    // Controls and characters that turn the direction of text become signs; all others stay.
    private static string Shown(string element, bool isUnicode)
    {
        // Half a surrogate pair is no character.
        if (Rune.DecodeFromUtf16(element, out Rune first, out _) != OperationStatus.Done)
            return isUnicode ? "\uFFFD" : "?";
        UnicodeCategory category = Rune.GetUnicodeCategory(first);
        if (category == UnicodeCategory.Control)
        {
            return !isUnicode ? "?" : first.Value switch
            {
                '\n' => "↵",
                '\r' when element.Length > 1 => "↵",
                '\t' => "→",
                < 0x20 => ((char)(0x2400 + first.Value)).ToString(),
                0x7F => "␡",
                _ => "\uFFFD",
            };
        }
        bool turns = first.Value is 0x061C or 0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);
        bool breaks = category is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
        if (turns || breaks)
            return isUnicode ? "\uFFFD" : "?";
        return element;
    }

    private static int WidthOf(string text) => Math.Max(0, new Segment(text).CellCount());
}
