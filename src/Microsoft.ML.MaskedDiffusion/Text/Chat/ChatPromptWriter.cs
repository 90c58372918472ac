using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Chat;

/// <summary>
/// Writes conversations down in a template, and sees to it that every mark in the result is one that the template itself has put there.
/// </summary>
internal sealed class ChatPromptWriter(ChatTemplate template, ChatMarks handling)
{
    private readonly IReadOnlyList<string> _marks = template.AllMarks();

    /// <summary>The prompt of a conversation, up to where the reply begins.</summary>
    /// <exception cref="ArgumentException">The turns do not stand in their order, or one of them spells a mark.</exception>
    public string Write(IReadOnlyList<ChatTurn> turns)
    {
        CheckOrder(turns);
        var prompt = new StringBuilder(template.PromptStart);
        var texts = new List<(int Start, int End, int Turn)>();
        if (turns[0].Role != ChatTurnRole.System && template.DefaultSystem is { } system)
            prompt.Append(template.SystemStart).Append(system).Append(template.SystemEnd);
        for (int i = 0; i < turns.Count; i++)
        {
            (string before, string after) = turns[i].Role switch
            {
                ChatTurnRole.System => (template.SystemStart, template.SystemEnd),
                ChatTurnRole.User => (template.UserStart, template.UserEnd),
                _ => (template.AssistantStart, template.AssistantEnd),
            };
            string text = template.TrimmedRoles.Contains(turns[i].Role) ? PythonWhiteSpace.Trim(turns[i].Text) : turns[i].Text;
            text = handling == ChatMarks.Separate ? Separated(text) : text;
            prompt.Append(before);
            texts.Add((prompt.Length, prompt.Length + text.Length, i));
            prompt.Append(text).Append(after);
        }
        string written = prompt.Append(template.ReplyStart ?? template.AssistantStart).ToString();
        CheckMarks(written, texts, turns);
        return written;
    }

    private void CheckOrder(IReadOnlyList<ChatTurn> turns)
    {
        for (int i = 0; i < turns.Count; i++)
        {
            ArgumentNullException.ThrowIfNull(turns[i], $"turns[{i}]");
            ArgumentNullException.ThrowIfNull(turns[i].Text, $"turns[{i}].Text");
            if (turns[i].Role == ChatTurnRole.System && i > 0)
            {
                throw new ArgumentException(
                    $"Turn {i + 1} of the conversation is one of the system; it must be the first. Join what the system says.",
                    nameof(turns));
            }
        }
        if (turns.Count > 0 && turns[0].Role == ChatTurnRole.System && !template.AllowsSystem)
        {
            throw new ArgumentException(
                $"The conversation has a turn of the system, and the template {template.Name} has none (AllowsSystem). Put what it says "
                + "into the first message of the user.", nameof(turns));
        }
        CheckTakesTurns(turns);
        if (turns.Count == 0 || turns[^1].Role != ChatTurnRole.User)
        {
            string last = turns.Count == 0 ? "The conversation is empty" : $"The last turn is one of the {Name(turns[^1].Role)}";
            throw new ArgumentException($"{last}; it must be one of the user, which the model replies to.", nameof(turns));
        }
    }

    private void CheckTakesTurns(IReadOnlyList<ChatTurn> turns)
    {
        int first = turns.Count > 0 && turns[0].Role == ChatTurnRole.System ? 1 : 0;
        for (int i = first; template.TakesTurns && i < turns.Count; i++)
        {
            ChatTurnRole expected = (i - first) % 2 == 0 ? ChatTurnRole.User : ChatTurnRole.Assistant;
            if (turns[i].Role == expected)
                continue;
            throw new ArgumentException(
                $"Turn {i + 1} of the conversation is one of the {Name(turns[i].Role)}, and with the template {template.Name} user and "
                + $"assistant take turns (TakesTurns), so it must be one of the {Name(expected)}. Join turns of one role.", nameof(turns));
        }
    }

    // A mark may begin in the template and end in a text, or the other way round; it is refused wherever it touches a text.
    private void CheckMarks(string prompt, List<(int Start, int End, int Turn)> texts, IReadOnlyList<ChatTurn> turns)
    {
        foreach (string mark in _marks)
        {
            for (int at = 0; (at = prompt.IndexOf(mark, at, StringComparison.Ordinal)) >= 0; at++)
            {
                foreach ((int start, int end, int turn) in texts)
                {
                    if (at >= end || at + mark.Length <= start)
                        continue;
                    throw new ArgumentException(
                        $"Turn {turn + 1} of the conversation, one of the {Name(turns[turn].Role)}, spells \"{mark}\", a mark of the "
                        + $"template {template.Name} with which it would leave its turn: \"{TextExcerpt.Of(turns[turn].Text)}\". Take "
                        + "it out, or use ChatMarks.Separate, with which the model sees a space in it.", nameof(turns));
                }
            }
        }
    }

    /// <summary>A text with a space in every mark that can have one.</summary>
    public string Separated(string text)
    {
        foreach (string mark in _marks)
        {
            // The place behind the first visible character; a second round is for marks that overlap in the text.
            int visible = mark.Length - mark.TrimStart().Length;
            int first = visible + (char.IsSurrogatePair(mark, visible) ? 2 : 1);
            if (first == mark.Length)
                continue;
            string apart = $"{mark[..first]} {mark[first..]}";
            text = text.Replace(mark, apart, StringComparison.Ordinal).Replace(mark, apart, StringComparison.Ordinal);
        }
        return text;
    }

    private static string Name(ChatTurnRole role) => role.ToString().ToLowerInvariant();
}
