using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Text.Chat;

/// <summary>
/// What a message must not spell with a template of a tokenizer's files, and what ends a reply. Marks are the tokens of the tokenizer that
/// occur in the parts, and what the template looks for in messages, because it may write a message that has it otherwise. Where the
/// tokenizer reads no text as its beginning or end of sequence, the parts name them.
/// </summary>
/// <param name="file">The template.</param>
/// <param name="probe">Has written conversations with it.</param>
/// <param name="tokenizer">The tokenizer.</param>
internal sealed class ChatTemplateMarks(ChatTemplateFile file, ChatTemplateProbe probe, TextTokenizer tokenizer)
{
    /// <summary>The template with its marks and its stop strings.</summary>
    /// <exception cref="InvalidDataException">
    /// A special token in the parts is plain text to the tokenizer, or the text behind it is not that of the model.
    /// </exception>
    public ChatTemplate Of(ChatTemplate template)
    {
        string?[] all =
        [
            template.PromptStart, template.SystemStart, template.SystemEnd, template.UserStart, template.UserEnd, template.AssistantStart,
            template.AssistantEnd, template.ReplyStart,
        ];
        string parts = string.Join('\n', all);
        string[] tokens = [.. tokenizer.SpelledTokens.Where(token => IsIn(token, parts)).Distinct(StringComparer.Ordinal)];
        string? beginning = Named(tokenizer.BeginningOfSequenceId, parts), end = Named(tokenizer.EndOfSequenceId, parts);
        foreach ((string name, string token) in file.Tokens.Select(item => (item.Key, item.Value))
            .Concat(file.Added.Select(token => ("an added token", token))))
        {
            if (IsIn(token, parts) && token != beginning && token != end && tokenizer.EncodeInside(token).Length != 1)
            {
                throw file.Errors.Bad($"it writes {name}, '{TextExcerpt.Of(token)}', which the tokenizer reads as plain text, so that the "
                    + "model would see other tokens than in training");
            }
        }
        if ((beginning ?? end) is { } named && SpecialTokens.BeginsAnewBehindTokens(tokenizer.Files) == false)
        {
            throw file.Errors.Bad($"it writes '{TextExcerpt.Of(named)}', and \"legacy\" is false in {TokenizerFiles.Config}, so that text "
                + $"behind it has no space before it, which only a {TokenizerFiles.HuggingFace} says here");
        }
        return template with
        {
            BeginningOfSequence = beginning,
            EndOfSequence = end,
            Marks = [.. tokens.Concat(probe.Searched).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            StopStrings = [.. Stops(template, tokens).Where(stop => stop.Length > 0).Distinct(StringComparer.Ordinal)],
        };
    }

    // What stands in the parts for a token that no text is encoded as.
    private string? Named(int? id, string parts) =>
        id is { } known && tokenizer.UnspelledTextOf(known) is { } text && IsIn(text, parts) ? text : null;

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
