using Microsoft.Extensions.AI;

namespace Microsoft.ML.MaskedDiffusion.Extensions.AI;

/// <summary>The turns of a conversation, out of the messages of a request.</summary>
internal static class ChatTurns
{
    /// <summary>
    /// A turn for each message. The instructions of the request and the messages of the system that stand first become one turn, with an
    /// empty line between them.
    /// </summary>
    /// <exception cref="ArgumentException">A message is null, or one of the system stands behind others.</exception>
    /// <exception cref="NotSupportedException">A message has a role or a content that is not supported.</exception>
    public static List<ChatTurn> Of(IEnumerable<ChatMessage> messages, string? instructions)
    {
        var system = new List<string>();
        if (!string.IsNullOrEmpty(instructions))
            system.Add(instructions);
        var turns = new List<ChatTurn>();
        foreach ((int index, ChatMessage message) in messages.Index())
        {
            ArgumentNullException.ThrowIfNull(message, $"messages[{index}]");
            ChatTurnRole role = RoleOf(message.Role, index);
            string text = TextOf(message, index);
            if (role != ChatTurnRole.System)
                turns.Add(new ChatTurn(role, text));
            else if (turns.Count == 0)
                system.Add(text);
            else
            {
                throw new ArgumentException(
                    $"Message {index + 1} has the role 'system' and comes after other messages. Put system messages first, or their "
                    + "text into ChatOptions.Instructions.", nameof(messages));
            }
        }
        if (system.Count > 0)
            turns.Insert(0, new ChatTurn(ChatTurnRole.System, string.Join("\n\n", system)));
        return turns;
    }

    private static ChatTurnRole RoleOf(ChatRole role, int index) =>
        role == ChatRole.System ? ChatTurnRole.System
        : role == ChatRole.User ? ChatTurnRole.User
        : role == ChatRole.Assistant ? ChatTurnRole.Assistant
        : throw new NotSupportedException(
            $"Message {index + 1} has the role '{role.Value}'; a model of this kind knows system, user and assistant. Leave it out, "
            + "or give its text to one of these.");

    private static string TextOf(ChatMessage message, int index)
    {
        foreach (AIContent content in message.Contents)
        {
            if (content is not TextContent)
            {
                throw new NotSupportedException(
                    $"Message {index + 1} has a {content.GetType().Name}; a model of this kind reads texts "
                    + "(TextContent) only. Leave it out, or put what it says into words.");
            }
        }
        return message.Text;
    }
}
