using Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

namespace Microsoft.ML.MaskedDiffusion.Text.Chat;

/// <summary>
/// Writes conversations with a template in Jinja, as transformers does: with its messages, without tools and documents, and with the
/// special tokens of the files. Where a template asks for enable_thinking, the reply is to come without thoughts, as masked diffusion
/// models write it. Texts of the conversations have <see cref="Core"/> in them, so that it shows what the template does with a text.
/// </summary>
internal sealed class ChatTemplateProbe : IJinjaObserver
{
    /// <summary>What every text of a probe has in it, unless it is empty; no template has it.</summary>
    public const string Core = "qzProbezq";

    private readonly ChatTemplateFile _file;
    private readonly JinjaTemplate _template;
    private readonly JinjaRun _run;
    private readonly SortedSet<string> _searched = new(StringComparer.Ordinal);

    /// <param name="file">The template.</param>
    /// <exception cref="InvalidDataException">It is not in the part of Jinja that is known here.</exception>
    public ChatTemplateProbe(ChatTemplateFile file)
    {
        _file = file;
        _template = new JinjaTemplate(file.Source, file.Errors);
        _run = new JinjaRun(file.Errors, this);
        if (file.Source.Contains(Core, StringComparison.OrdinalIgnoreCase))
            throw file.Errors.Bad($"it has the text '{Core}' in it, by which messages are found in its result");
    }

    /// <summary>What the template looks for in messages: a message that has it may be written otherwise than others.</summary>
    public IReadOnlyCollection<string> Searched => _searched;

    /// <summary>Why the template refused the last conversation.</summary>
    public string Refusal { get; private set; } = "";

    /// <summary>The conversation as the template writes it; null where it refuses it.</summary>
    /// <param name="turns">The conversation.</param>
    /// <param name="asksReply">Whether the beginning of a reply follows (add_generation_prompt).</param>
    /// <exception cref="InvalidDataException">
    /// The template does something wrong, or looks at messages in a way that parts cannot.
    /// </exception>
    public string? TryWrite(IReadOnlyList<ChatTurn> turns, bool asksReply)
    {
        var variables = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["messages"] = new List<object?>(turns.Select(MessageOf)),
            ["add_generation_prompt"] = asksReply,
            ["enable_thinking"] = false,
            ["tools"] = null,
            ["documents"] = null,
        };
        foreach ((string name, string token) in _file.Tokens)
            variables[name] = token;
        try
        {
            return _template.Render(variables, _run);
        }
        catch (JinjaRaisedException raised)
        {
            Refusal = raised.Message;
            return null;
        }
    }

    /// <summary>The conversation as the template writes it.</summary>
    /// <exception cref="InvalidDataException">The template refuses it, too.</exception>
    public string Write(IReadOnlyList<ChatTurn> turns, bool asksReply) => TryWrite(turns, asksReply)
        ?? throw _file.Errors.Bad($"it refuses a conversation of {DescribeRoles(turns)}: \"{Refusal}\"");

    /// <summary>The roles of a conversation in their order, for messages.</summary>
    public static string DescribeRoles(IEnumerable<ChatTurn> turns) => string.Join(", ", turns.Select(turn => NameOf(turn.Role)));

    void IJinjaObserver.Compared(string one, string two, int line)
    {
        if (HasCore(one) && HasCore(two))
            throw _file.Errors.Bad(line, "it compares messages with each other, which parts of text cannot do");
        if (HasCore(one) || HasCore(two))
            AddSearched(HasCore(one) ? two : one, line);
    }

    void IJinjaObserver.Searched(string text, string pattern, int line)
    {
        if (HasCore(pattern))
            throw _file.Errors.Bad(line, "it looks for a message in a text, which parts of text cannot do");
        if (HasCore(text))
            AddSearched(pattern, line);
    }

    void IJinjaObserver.Measured(string text, string what, int line)
    {
        if (HasCore(text))
            throw _file.Errors.Bad(line, $"what it writes depends on a message ({what}), which parts of text cannot do");
    }

    private static bool HasCore(string text) => text.Contains(Core, StringComparison.OrdinalIgnoreCase);

    // Whether a message is empty is tried out. White space cannot be kept out of messages.
    private void AddSearched(string pattern, int line)
    {
        if (pattern.Length == 0)
            return;
        if (string.IsNullOrWhiteSpace(pattern))
            throw _file.Errors.Bad(line, "what it writes depends on white space in messages, which parts of text cannot do");
        _searched.Add(pattern);
    }

    private static JinjaMap MessageOf(ChatTurn turn)
    {
        var message = new JinjaMap();
        message.Values["role"] = NameOf(turn.Role);
        message.Values["content"] = turn.Text;
        return message;
    }

    private static string NameOf(ChatTurnRole role) => role.ToString().ToLowerInvariant();
}
