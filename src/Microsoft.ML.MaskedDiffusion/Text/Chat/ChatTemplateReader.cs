namespace Microsoft.ML.MaskedDiffusion.Text.Chat;

/// <summary>
/// Makes a <see cref="ChatTemplate"/> of the template in a tokenizer's files: conversations are written with it, what stands around their
/// texts are the parts, and <see cref="ChatTemplateCheck"/> holds the parts against further conversations. A template that no parts can
/// stand for is refused.
/// </summary>
internal sealed class ChatTemplateReader
{
    private static readonly ChatTurn System = new(ChatTurnRole.System, $"{ChatTemplateProbe.Core}S");
    private static readonly ChatTurn User = new(ChatTurnRole.User, $"{ChatTemplateProbe.Core}U");
    private static readonly ChatTurn Reply = new(ChatTurnRole.Assistant, $"{ChatTemplateProbe.Core}A");
    private static readonly ChatTurn Answer = new(ChatTurnRole.User, $"{ChatTemplateProbe.Core}V");

    private readonly ChatTemplateFile _file;
    private readonly ChatTemplateProbe _probe;

    private ChatTemplateReader(ChatTemplateFile file)
    {
        _file = file;
        _probe = new ChatTemplateProbe(file);
    }

    /// <summary>The template of a tokenizer's files, or null where they have none.</summary>
    /// <exception cref="InvalidDataException">It is refused; the message says why, with its file and line.</exception>
    public static ChatTemplate? Read(TextTokenizer tokenizer)
    {
        if (ChatTemplateFile.Find(tokenizer.Files) is not { } file)
            return null;
        var reader = new ChatTemplateReader(file);
        ChatTemplate template = new ChatTemplateCheck(file.Errors, reader._probe).Completed(reader.Cut());
        return new ChatTemplateMarks(file, reader._probe, tokenizer).Of(template);
    }

    private ChatTemplate Cut()
    {
        string[] first = Parts([User], asksReply: true);
        string[] unasked = Parts([User], asksReply: false);
        string[] whole = Parts([User, Reply, Answer], asksReply: true);
        string[] ended = Parts([User, Reply], asksReply: false);
        (string begun, string asked, string end) = (first[0], first[1], unasked[1]);
        bool isEndSame = asked.StartsWith(end, StringComparison.Ordinal) && whole[1].StartsWith(end, StringComparison.Ordinal);
        Require(begun == unasked[0] && isEndSame,
            "it writes a message of the user otherwise where no reply is asked for (add_generation_prompt)");
        Require(whole[0] == begun && whole[3] == asked, "it writes a message of the user otherwise where it is not the first");
        (string replyStart, string assistantStart) = (asked[end.Length..], whole[1][end.Length..]);
        if (IsBlank(replyStart) || IsBlank(assistantStart))
        {
            // Where nothing separates the end of a message from the beginning of the reply, all of it begins the reply.
            (end, replyStart, assistantStart) = ("", asked, whole[1]);
        }
        Require(!IsBlank(replyStart) && !IsBlank(assistantStart), "nothing visible stands before a reply");
        bool isFollowed = whole[1].StartsWith(asked, StringComparison.Ordinal) && IsBlank(whole[1][asked.Length..]);
        Require(asked != unasked[1] || isFollowed, "it does not write where a reply begins: add_generation_prompt changes nothing");
        string userStart = UserStart(begun, whole[2], ended[2]);
        var template = new ChatTemplate
        {
            Name = _file.Name,
            UserStart = userStart,
            UserEnd = end,
            AssistantStart = assistantStart,
            AssistantEnd = whole[2][..^userStart.Length],
            ReplyStart = replyStart == assistantStart ? null : replyStart,
        };
        return WithSystem(template, begun[..^userStart.Length], asked);
    }

    // What stands before a message: what the end of a reply leaves of what is between them, or else what both beginnings have in common.
    private string UserStart(string begun, string between, string replyEnd)
    {
        string start = between.StartsWith(replyEnd, StringComparison.Ordinal) ? between[replyEnd.Length..] : "";
        if (IsBlank(start) || !begun.EndsWith(start, StringComparison.Ordinal))
        {
            int length = 0;
            while (length < Math.Min(begun.Length, between.Length) && begun[^(length + 1)] == between[^(length + 1)])
                length++;
            start = between[^length..];
        }
        Require(!IsBlank(start), "nothing visible stands before a message of the user");
        return start;
    }

    // What stands before the first message without a system turn is what every prompt begins with, or a system turn of the template's own.
    private ChatTemplate WithSystem(ChatTemplate template, string begun, string asked)
    {
        string? written = _probe.TryWrite([System, User], asksReply: true);
        if (written is null || !written.Contains(System.Text, StringComparison.Ordinal))
            return template with { PromptStart = begun, AllowsSystem = false };
        string[] parts = CutAt(written, [System, User]);
        Require(parts[2] == asked && parts[1].EndsWith(template.UserStart, StringComparison.Ordinal),
            "it writes a message of the user otherwise behind one of the system");
        string start = parts[0], end = parts[1][..^template.UserStart.Length];
        if (begun.Length <= start.Length)
        {
            Require(start.StartsWith(begun, StringComparison.Ordinal), "a conversation with a system turn begins otherwise than others");
            return template with { PromptStart = begun, SystemStart = start[begun.Length..], SystemEnd = end };
        }
        Require(begun.StartsWith(start, StringComparison.Ordinal) && begun.EndsWith(end, StringComparison.Ordinal)
            && begun.Length >= start.Length + end.Length, "its own system text is written otherwise than that of a conversation");
        string token = _file.Tokens.GetValueOrDefault("bos_token", "");
        string promptStart = start.StartsWith(token, StringComparison.Ordinal) ? token : "";
        return template with
        {
            PromptStart = promptStart,
            SystemStart = start[promptStart.Length..],
            SystemEnd = end,
            DefaultSystem = begun[start.Length..^end.Length],
        };
    }

    private string[] Parts(ChatTurn[] turns, bool asksReply) => CutAt(_probe.Write(turns, asksReply), turns);

    // What stands before, between and after the texts.
    private string[] CutAt(string written, ChatTurn[] turns)
    {
        string[] parts = new string[turns.Length + 1];
        int at = 0;
        for (int i = 0; i < turns.Length; i++)
        {
            int found = written.IndexOf(turns[i].Text, at, StringComparison.Ordinal);
            bool isOnce = found >= 0 && found == written.LastIndexOf(turns[i].Text, StringComparison.Ordinal)
                && found == written.IndexOf(turns[i].Text, StringComparison.Ordinal);
            Require(isOnce, $"of a conversation of {ChatTemplateProbe.DescribeRoles(turns)} it does not write message {i + 1} once, as it "
                + "is and in its place");
            parts[i] = written[at..found];
            at = found + turns[i].Text.Length;
        }
        parts[^1] = written[at..];
        return parts;
    }

    private void Require(bool holds, string what)
    {
        if (!holds)
            throw _file.Errors.Bad(what);
    }

    private static bool IsBlank(string text) => string.IsNullOrWhiteSpace(text);
}
