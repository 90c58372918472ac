namespace Microsoft.ML.MaskedDiffusion.Text.Chat;

/// <summary>
/// What a message must not spell with a template of a tokenizer's files, and what ends a reply. Marks are the tokens of the tokenizer that
/// occur in the parts, and what the template looks for in messages, because it may write a message that has it otherwise.
/// </summary>
/// <param name="file">The template.</param>
/// <param name="probe">Has written conversations with it.</param>
/// <param name="tokenizer">The tokenizer.</param>
internal sealed class ChatTemplateMarks(ChatTemplateFile file, ChatTemplateProbe probe, TextTokenizer tokenizer)
{
    /// <summary>The template with its marks and its stop strings.</summary>
    /// <exception cref="InvalidDataException">A special token in the parts is plain text to the tokenizer.</exception>
    public ChatTemplate Of(ChatTemplate template)
    {
        string?[] all =
        [
            template.PromptStart, template.SystemStart, template.SystemEnd, template.UserStart, template.UserEnd, template.AssistantStart,
            template.AssistantEnd, template.ReplyStart,
        ];
        string parts = string.Join('\n', all);
        string[] tokens = [.. tokenizer.SpelledTokens.Where(token => IsIn(token, parts)).Distinct(StringComparer.Ordinal)];
        foreach ((string name, string token) in file.Tokens)
        {
            if (IsIn(token, parts) && tokenizer.Encode(token).Length != 1)
            {
                throw file.Errors.Bad($"it writes {name}, '{TextExcerpt.Of(token)}', which the tokenizer reads as plain text, so that the "
                    + "model would see other tokens than in training");
            }
        }
        return template with
        {
            Marks = [.. tokens.Concat(probe.Searched).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            StopStrings = [.. Stops(template, tokens).Where(stop => stop.Length > 0).Distinct(StringComparer.Ordinal)],
        };
    }

    // What follows a reply when the conversation goes on: its end, and the beginning of the next message.
    private static IEnumerable<string> Stops(ChatTemplate template, string[] tokens) =>
        new[] { template.AssistantEnd, template.UserStart }.Select(part =>
        {
            string visible = part.Trim();
            return tokens.Where(token => visible.StartsWith(token, StringComparison.Ordinal)).MaxBy(token => token.Length) ?? visible;
        });

    private static bool IsIn(string token, string parts) =>
        !string.IsNullOrWhiteSpace(token) && parts.Contains(token, StringComparison.Ordinal);
}
