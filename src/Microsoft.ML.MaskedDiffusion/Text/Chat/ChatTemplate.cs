using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Text.Chat;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How a conversation is written down for a model that was trained on conversations: what stands before and after each turn. Plain data;
/// use the template that the model was trained with, or make your own. Immutable.
/// </summary>
/// <remarks>
/// A prompt is the turns in their order, each between its two parts, and then <see cref="AssistantStart"/>: the model's reply follows. The
/// text of a turn stands there as it is, but for <see cref="TrimmedRoles"/>. It can never write a mark of the template, see
/// <see cref="Marks"/>. <see cref="TextTokenizer.ChatTemplate"/> is the template that a published model's files have.
/// </remarks>
public sealed record ChatTemplate
{
    /// <summary>
    /// FastChat's vicuna_v1.1, as SMDM fine-tunes on ShareGPT: a beginning of sequence stands before each reply and an end after it,
    /// because prompt and answer are tokenized apart there. SMDM trains on the first turn of a conversation only; further turns follow
    /// FastChat, with the end of sequence between a reply and the next message. The replies end at the next speaker's name.
    /// </summary>
    public static ChatTemplate Vicuna { get; } = new()
    {
        Name = "Vicuna",
        DefaultSystem = VicunaPrompt.System,
        SystemEnd = " ",
        UserStart = "USER: ",
        UserEnd = " ",
        AssistantStart = "ASSISTANT:<s>",
        AssistantEnd = "</s>",
        BeginningOfSequence = "<s>",
        EndOfSequence = "</s>",
        StopStrings = ["USER:", "ASSISTANT:", "</s>"],
        Marks = ["USER:", "ASSISTANT:"],
    };

    /// <summary>
    /// ChatML, which Qwen, Dream and many others are trained with. Its marks are tokens where the tokenizer's files say so
    /// (tokenizer.json), and plain text elsewhere; <c>&lt;|im_end|&gt;</c> should be the tokenizer's end of sequence.
    /// </summary>
    public static ChatTemplate ChatML { get; } = new()
    {
        Name = "ChatML",
        SystemStart = "<|im_start|>system\n",
        SystemEnd = "<|im_end|>\n",
        UserStart = "<|im_start|>user\n",
        UserEnd = "<|im_end|>\n",
        AssistantStart = "<|im_start|>assistant\n",
        AssistantEnd = "<|im_end|>\n",
        StopStrings = ["<|im_end|>", "<|im_start|>"],
        Marks = ["<|im_start|>", "<|im_end|>"],
    };

    /// <summary>The template's name, for messages. Not empty.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// What every prompt begins with, in place of the beginning or end of sequence that <see cref="TextGenerator"/> puts before prompts:
    /// with <see cref="GenerationOptions.LiteralPrompts"/> nothing else stands there, also where this is empty. Default null: the prompt is
    /// one like any other.
    /// </summary>
    public string? PromptStart { get; init; }

    /// <summary>
    /// The text of the system turn that stands before a conversation without one; may be empty. Default null: no such turn.
    /// </summary>
    public string? DefaultSystem { get; init; }

    /// <summary>What stands before the system turn. Default empty.</summary>
    public string SystemStart { get; init; } = "";

    /// <summary>What stands after the system turn. Default empty.</summary>
    public string SystemEnd { get; init; } = "";

    /// <summary>What stands before a message of the user. Not empty.</summary>
    public required string UserStart { get; init; }

    /// <summary>What stands after a message of the user. Default empty.</summary>
    public string UserEnd { get; init; } = "";

    /// <summary>What stands before a reply, and at the end of a prompt unless <see cref="ReplyStart"/> says so. Not empty.</summary>
    public required string AssistantStart { get; init; }

    /// <summary>
    /// What stands at the end of a prompt, before the reply that is to be written, where that is another text than before earlier replies:
    /// the mark of an empty thought, for example. Not empty. Default null: <see cref="AssistantStart"/>.
    /// </summary>
    public string? ReplyStart { get; init; }

    /// <summary>What stands after a reply when the conversation goes on. Default empty.</summary>
    public string AssistantEnd { get; init; } = "";

    /// <summary>The roles whose texts stand in a prompt without white space at their ends. Default none.</summary>
    public IReadOnlyList<ChatTurnRole> TrimmedRoles { get; init; } = [];

    /// <summary>
    /// Whether user and assistant take turns, of which the user has the first: conversations of another order are refused. Default false.
    /// </summary>
    public bool TakesTurns { get; init; }

    /// <summary>Whether a conversation may have a system turn; where it may not, one is refused. Default true.</summary>
    public bool AllowsSystem { get; init; } = true;

    /// <summary>
    /// The text in the parts that stands for the tokenizer's beginning of sequence; where the tokenizer has none, it is left out. Default
    /// null: none does.
    /// </summary>
    public string? BeginningOfSequence { get; init; }

    /// <summary>The same for the end of sequence. Default null: none does.</summary>
    public string? EndOfSequence { get; init; }

    /// <summary>Texts that end a reply, which is cut before them. None of them empty. Default none.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>
    /// What the text of a turn must not spell, so that it cannot end its turn or begin another. The parts around turns, without white space
    /// at their ends, <see cref="StopStrings"/>, <see cref="BeginningOfSequence"/> and <see cref="EndOfSequence"/> are marks in any case.
    /// None of them empty. Default none beside these.
    /// </summary>
    public IReadOnlyList<string> Marks { get; init; } = [];

    /// <summary>Writes a conversation down, up to where the reply begins.</summary>
    /// <param name="turns">The turns: at most one of the system, which is the first, and the last is one of the user.</param>
    /// <param name="marks">What becomes of a turn that spells a mark. Default <see cref="ChatMarks.Refuse"/>.</param>
    /// <exception cref="ArgumentNullException">The list or a turn is null.</exception>
    /// <exception cref="ArgumentException">
    /// The turns do not stand in that order or in the template's own, one of them spells a mark, or the template is not usable.
    /// </exception>
    public string Prompt(IReadOnlyList<ChatTurn> turns, ChatMarks marks = ChatMarks.Refuse)
    {
        ArgumentNullException.ThrowIfNull(turns);
        Check();
        OptionCheck.RequireDefined(marks, nameof(marks));
        return new ChatPromptWriter(this, marks).Write(turns);
    }

    /// <summary>
    /// A text with a space behind the first character of every mark, as <see cref="ChatMarks.Separate"/> puts it there.
    /// </summary>
    /// <param name="text">The text of a turn.</param>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="ArgumentException">The template is not usable.</exception>
    public string Separated(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Check();
        return new ChatPromptWriter(this, ChatMarks.Separate).Separated(text);
    }

    /// <summary>
    /// The template for a tokenizer: where it has no beginning or end of sequence, the texts that stand for them are gone.
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="ArgumentNullException">The tokenizer is null.</exception>
    public ChatTemplate For(TextTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ChatTemplate own = this;
        if (tokenizer.BeginningOfSequenceId is null && BeginningOfSequence is { } beginning)
            own = own.Without(beginning) with { BeginningOfSequence = null };
        if (tokenizer.EndOfSequenceId is null && EndOfSequence is { } end)
            own = own.Without(end) with { EndOfSequence = null };
        return own;
    }

    /// <summary>
    /// What <see cref="GenerationOptions.PromptTokens"/> must be for the prompts of this template; null where no text stands for a token.
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="ArgumentNullException">The tokenizer is null.</exception>
    public IReadOnlyDictionary<string, int>? PromptTokens(TextTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        var tokens = new Dictionary<string, int>(StringComparer.Ordinal);
        if (BeginningOfSequence is { Length: > 0 } beginning && tokenizer.BeginningOfSequenceId is { } beginningId)
            tokens[beginning] = beginningId;
        if (EndOfSequence is { Length: > 0 } end && tokenizer.EndOfSequenceId is { } endId)
            tokens[end] = endId;
        return tokens.Count > 0 ? tokens : null;
    }

    /// <summary>
    /// What <see cref="GenerationOptions.EndTokens"/> should be for the replies of this template: the ids of <see cref="StopStrings"/> that
    /// are tokens without text, such as &lt;|im_end|&gt;, and not the tokenizer's end of sequence. A model could not write such a token
    /// otherwise, and would not end its reply. Null where there are none.
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="ArgumentNullException">The tokenizer is null.</exception>
    public IReadOnlyList<int>? EndTokens(TextTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        int[] ends =
        [
            .. StopStrings.Select(tokenizer.Encode)
                .Where(ids => ids.Length == 1 && ids[0] != tokenizer.EndOfSequenceId && tokenizer.BytesOf(ids[0]).IsEmpty)
                .Select(ids => ids[0]).Distinct(),
        ];
        return ends.Length > 0 ? ends : null;
    }

    /// <summary>All marks, the longest first.</summary>
    internal IReadOnlyList<string> AllMarks() =>
    [
        .. new[]
            {
                PromptStart, SystemStart, SystemEnd, UserStart, UserEnd, AssistantStart, AssistantEnd, ReplyStart, BeginningOfSequence,
                EndOfSequence,
            }
            .Select(part => part?.Trim() ?? "").Concat(StopStrings).Concat(Marks).Where(mark => mark.Length > 0)
            .Distinct(StringComparer.Ordinal).OrderByDescending(mark => mark.Length),
    ];

    /// <summary>Refuses a template with which no conversation can be written down.</summary>
    /// <exception cref="ArgumentException">A part is missing or empty where it may not be.</exception>
    internal void Check()
    {
        OptionCheck.RequireText(Name, "Template.Name", "the template's name");
        OptionCheck.RequireText(UserStart, "Template.UserStart", "what stands before a message of the user");
        OptionCheck.RequireText(AssistantStart, "Template.AssistantStart", "what stands before a reply");
        (string Option, string Part)[] parts =
        [
            ("SystemStart", SystemStart), ("SystemEnd", SystemEnd), ("UserEnd", UserEnd), ("AssistantEnd", AssistantEnd),
        ];
        foreach ((string option, string part) in parts)
            OptionCheck.RequireObject(part, $"Template.{option}", "a text; leave it unset for an empty one");
        OptionCheck.RequireTextOrNull(ReplyStart, "Template.ReplyStart", "what stands before the reply that is to be written");
        OptionCheck.RequireObject(TrimmedRoles, "Template.TrimmedRoles", "a list of roles; leave it unset for none");
        foreach (ChatTurnRole role in TrimmedRoles)
            OptionCheck.RequireDefined(role, "Template.TrimmedRoles");
        RequireTexts(StopStrings, "Template.StopStrings");
        RequireTexts(Marks, "Template.Marks");
    }

    private static void RequireTexts(IReadOnlyList<string> texts, string option)
    {
        OptionCheck.RequireObject(texts, option, "a list of texts; leave it unset for none");
        for (int i = 0; i < texts.Count; i++)
            OptionCheck.RequireText(texts[i], $"{option}[{i}]", "a text with a visible character; leave an empty one out");
    }

    private ChatTemplate Without(string text) => text.Length == 0 ? this : this with
    {
        PromptStart = PromptStart?.Replace(text, "", StringComparison.Ordinal),
        ReplyStart = ReplyStart?.Replace(text, "", StringComparison.Ordinal),
        SystemStart = SystemStart.Replace(text, "", StringComparison.Ordinal),
        SystemEnd = SystemEnd.Replace(text, "", StringComparison.Ordinal),
        UserStart = UserStart.Replace(text, "", StringComparison.Ordinal),
        UserEnd = UserEnd.Replace(text, "", StringComparison.Ordinal),
        AssistantStart = AssistantStart.Replace(text, "", StringComparison.Ordinal),
        AssistantEnd = AssistantEnd.Replace(text, "", StringComparison.Ordinal),
    };
}
