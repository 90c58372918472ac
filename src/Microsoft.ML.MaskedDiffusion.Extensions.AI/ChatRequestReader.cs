using Microsoft.Extensions.AI;

namespace Microsoft.ML.MaskedDiffusion.Extensions.AI;

/// <summary>Turns requests into prompts and generators, and refuses those that cannot be fulfilled. Thread-safe.</summary>
internal sealed class ChatRequestReader
{
    private const int DefaultBlockLength = 32, DefaultNewTokens = 128;

    private readonly MaskedDiffusionModel _model;
    private readonly ChatTemplate _template;
    private readonly ChatMarks _marks;
    private readonly GenerationMapping _generation;
    private readonly string? _modelId;
    private readonly HashSet<int> _markIds;

    // The generator of requests without options of their own.
    private readonly Writer _default;

    /// <param name="model">The model that answers.</param>
    /// <param name="template">How conversations are written down.</param>
    /// <param name="options">The client's other options.</param>
    /// <param name="modelId">What requests call the model.</param>
    /// <exception cref="ArgumentException">An option is missing or out of its range.</exception>
    public ChatRequestReader(
        MaskedDiffusionModel model, ChatTemplate template, MaskedDiffusionChatClientOptions options, string? modelId)
    {
        _model = model;
        _modelId = modelId;
        _marks = options.Marks;
        _template = template.For(model.Tokenizer);
        // The template and the handling of marks are checked by the shortest of all prompts.
        _ = _template.Prompt([new ChatTurn(ChatTurnRole.User, "")], _marks);
        _generation = new GenerationMapping(_template, options.Generation ?? Default(model.Config), model);
        _default = Open(_generation.Of(null, null));
        _markIds = MarkIds();
    }

    /// <summary>Reads a request.</summary>
    /// <exception cref="ArgumentException">The messages or options are not usable.</exception>
    /// <exception cref="NotSupportedException">The request asks for what no model of this kind can do.</exception>
    public ChatRequest Read(IEnumerable<ChatMessage> messages, ChatOptions? options, IChatClient client)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (options is not null)
            ChatOptionsCheck.RequireSupported(options, _modelId);
        List<ChatTurn> turns = ChatTurns.Of(messages, options?.Instructions);
        if (_marks == ChatMarks.Separate)
            turns = [.. turns.Select(turn => turn with { Text = _template.Separated(turn.Text) })];
        string prompt = _template.Prompt(turns);
        CheckIds(turns);
        Writer writer = options is null ? _default : Open(_generation.Of(options, client));
        int length = writer.Generator.CountPromptTokens(prompt), context = _model.Config.ContextLength;
        int most = writer.Generator.MaxNewTokens;
        if (length + most > context)
        {
            throw new ArgumentException(
                $"The conversation has {length} tokens in the template {_template.Name}, and with the {most} tokens "
                + $"that the reply may have (MaxOutputTokens) that is more than the model's {context}. Leave out the oldest messages, for "
                + "example with a chat reducer, or lower MaxOutputTokens.", nameof(messages));
        }
        SamplingOptions sampling = writer.Options.Sampling;
        // Self-correction changes tokens of all blocks when the last one is filled.
        bool corrects = sampling.SelfCorrectionSteps > 0;
        bool tokensStay = (sampling.Remasking == Remasking.None && !corrects) || _model.Config.Autoregressive;
        int? finalLength = corrects ? null : _model.Config.AttentionBlockSize ?? sampling.BlockLength;
        return new ChatRequest(writer.Generator, prompt, tokensStay, finalLength, DateTimeOffset.UtcNow);
    }

    // A network whose attention goes by blocks has its own. A small context keeps half of it for the conversation.
    private static GenerationOptions Default(TransformerConfig config)
    {
        int half = Math.Max(1, config.ContextLength / 2);
        return new()
        {
            MaxNewTokens = Math.Min(DefaultNewTokens, half),
            Sampling = { BlockLength = config.AttentionBlockSize is null ? Math.Min(DefaultBlockLength, half) : null },
        };
    }

    private Writer Open(GenerationOptions options) => new(new TextGenerator(_model, options), options);

    // Some tokenizers read a mark out of text that only looks like it, a full-width form for example. The ids tell.
    private void CheckIds(List<ChatTurn> turns)
    {
        for (int i = 0; i < turns.Count; i++)
        {
            if (_model.Tokenizer.Encode(turns[i].Text).Any(_markIds.Contains))
            {
                throw new ArgumentException(
                    $"Turn {i + 1} of the conversation, one of the {turns[i].Role.ToString().ToLowerInvariant()}, has text that the "
                    + "model's tokenizer reads as one of the tokens that end or begin a turn. Take it out.", "messages");
            }
        }
    }

    private HashSet<int> MarkIds()
    {
        int?[] ends = [_model.Tokenizer.BeginningOfSequenceId, _model.Tokenizer.EndOfSequenceId];
        IEnumerable<int> marks = _template.Marks.Concat(_template.StopStrings).Select(_model.Tokenizer.Encode)
            .Where(ids => ids.Length == 1).Select(ids => ids[0]);
        return [.. ends.OfType<int>(), .. marks];
    }

    private sealed record Writer(TextGenerator Generator, GenerationOptions Options);
}
