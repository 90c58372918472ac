using Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

namespace Microsoft.ML.MaskedDiffusion.Text.Chat;

/// <summary>
/// Holds the parts that were cut out of a template's results against the template: conversations of many kinds, with empty, long and odd
/// texts, must be the same to the character. What the parts say of trimming and of the order of turns is found out in the same way.
/// </summary>
/// <param name="errors">The errors of the template.</param>
/// <param name="probe">Writes conversations with it.</param>
internal sealed class ChatTemplateCheck(JinjaErrors errors, ChatTemplateProbe probe)
{
    private const string Padded = $" \t\n\u00A0{ChatTemplateProbe.Core}\u00A0 \r\n\n";

    // What the turns of a checked conversation say, with a letter behind each core that tells the turns apart.
    private static readonly string[] Texts =
    [
        ChatTemplateProbe.Core, $"{ChatTemplateProbe.Core}\n\n  of lines\r\n{ChatTemplateProbe.Core}", Padded, "", " ", "\n",
        $"{{{{ messages }}}} {{% if x %}} {{# {ChatTemplateProbe.Core} #}} <b> & \"'\\n", $"Ä日本 {ChatTemplateProbe.Core} \U0001F642",
        $"# {ChatTemplateProbe.Core}: [1] (2) - `code` **bold** <br/> end.",
    ];

    private static readonly string[] TakingTurns = ["U", "UAU", "UAUAU", "UAUAUAUAUAU", "SU", "SUAU", "SUAUAUAU"];
    private static readonly string[] OutOfTurn = ["UU", "AU", "AAU", "UUAAU", "UAUUU", "SAU", "SUUAU"];

    /// <summary>The template with what it does to texts and turns.</summary>
    /// <exception cref="InvalidDataException">It writes a conversation otherwise than its parts do.</exception>
    public ChatTemplate Completed(ChatTemplate template)
    {
        template = WithTrimming(template);
        foreach (string roles in TakingTurns.Where(roles => template.AllowsSystem || !roles.Contains('S')))
        {
            foreach (ChatTurn[] turns in ConversationsOf(roles))
                Require(template, turns);
        }
        bool isFree = OutOfTurn.Where(roles => template.AllowsSystem || !roles.Contains('S')).SelectMany(ConversationsOf)
            .All(turns => Made(template, turns) is not { } made || made == probe.TryWrite(turns, asksReply: true));
        return isFree ? template : template with { TakesTurns = true };
    }

    private ChatTemplate WithTrimming(ChatTemplate template)
    {
        ChatTurnRole[] roles = template.AllowsSystem ? Enum.GetValues<ChatTurnRole>() : [ChatTurnRole.User, ChatTurnRole.Assistant];
        foreach (ChatTurnRole role in roles)
        {
            string order = role == ChatTurnRole.System ? "SU" : "UAU";
            ChatTurn[] turns =
            [
                .. TurnsOf(order, ChatTemplateProbe.Core).Select(turn => turn.Role == role ? turn with { Text = Padded } : turn),
            ];
            ChatTemplate trimming = template with { TrimmedRoles = [.. template.TrimmedRoles, role] };
            string written = probe.Write(turns, asksReply: true);
            if (written == Made(trimming, turns))
                template = trimming;
            else
                Require(template, turns);
        }
        return template;
    }

    private void Require(ChatTemplate template, ChatTurn[] turns)
    {
        string expected = probe.Write(turns, asksReply: true);
        if (Made(template, turns) is { } made && made != expected)
            throw Differs(made, expected, turns);
    }

    // The prompt by the parts; null where a text spells a mark of theirs, so that no such message is taken.
    private string? Made(ChatTemplate template, ChatTurn[] turns)
    {
        try
        {
            return template.Prompt(turns);
        }
        catch (ArgumentException e)
        {
            if (turns.All(turn => turn.Text.Length == ChatTemplateProbe.Core.Length + 1))
                throw errors.Bad($"its parts are not usable: {TextExcerpt.Of(e.Message)}");
            return null;
        }
    }

    private InvalidDataException Differs(string made, string expected, ChatTurn[] turns)
    {
        int same = 0;
        while (same < Math.Min(made.Length, expected.Length) && made[same] == expected[same])
            same++;
        int start = Math.Max(0, same - 20);
        return errors.Bad($"no parts of text can stand for it: a conversation of {ChatTemplateProbe.DescribeRoles(turns)} is "
            + $"\"{TextExcerpt.Of(expected[start..])}\" from character {start + 1} on, and by the parts it would be "
            + $"\"{TextExcerpt.Of(made[start..])}\"");
    }

    private static IEnumerable<ChatTurn[]> ConversationsOf(string roles) => Texts.Select(text => TurnsOf(roles, text));

    private static ChatTurn[] TurnsOf(string roles, string text) =>
    [
        .. roles.Select((role, index) => new ChatTurn(
            RoleOf(role),
            text.Replace(ChatTemplateProbe.Core, $"{ChatTemplateProbe.Core}{(char)('a' + index)}", StringComparison.Ordinal))),
    ];

    private static ChatTurnRole RoleOf(char role) => role switch
    {
        'S' => ChatTurnRole.System,
        'U' => ChatTurnRole.User,
        _ => ChatTurnRole.Assistant,
    };
}
