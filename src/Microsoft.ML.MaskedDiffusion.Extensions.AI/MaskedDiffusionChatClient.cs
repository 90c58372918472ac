using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.ML.MaskedDiffusion.Extensions.AI;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Answers conversations with a model, behind <see cref="IChatClient"/> of Microsoft.Extensions.AI. A conversation is written down in the
/// model's <see cref="ChatTemplate"/>, and a <see cref="TextGenerator"/> writes the reply, which comes without white space at its ends.
/// </summary>
/// <remarks>
/// <para>The client keeps no conversation: a request has all of it, and one that does not fit the model's context together with the tokens
/// of the reply is refused. Equal requests get equal replies; <see cref="ChatOptions.Seed"/> asks for another one.</para>
/// <para>A streamed reply is given as far as it is final. Where tokens can be masked again, that is block by block, so set
/// <see cref="SamplingOptions.BlockLength"/> then. Cancellation throws <see cref="OperationCanceledException"/>.</para>
/// <para>Any number of threads may use one client. It owns nothing: the model stays the caller's, and disposing the client does
/// nothing.</para>
/// </remarks>
public sealed class MaskedDiffusionChatClient : IChatClient
{
    private readonly MaskedDiffusionModel _model;
    private readonly ChatRequestReader _reader;
    private readonly ChatClientMetadata _metadata;
    private readonly ChatTemplate _template;

    /// <summary>Creates a client.</summary>
    /// <param name="model">The model that answers; it stays the caller's and must outlive the client.</param>
    /// <param name="options">How to answer; checked and copied. Null for the defaults.</param>
    /// <exception cref="ArgumentNullException">The model, or an option that needs a value, is null.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="InvalidDataException">
    /// No template is given, and the one in the model's files is refused; the message says why.
    /// </exception>
    public MaskedDiffusionChatClient(MaskedDiffusionModel model, MaskedDiffusionChatClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new MaskedDiffusionChatClientOptions();
        _model = model;
        _metadata = new ChatClientMetadata("Microsoft.ML.MaskedDiffusion", defaultModelId: options.ModelId ?? model.Config.Name);
        _template = options.Template ?? model.Tokenizer.ChatTemplate ?? ChatTemplate.Vicuna;
        _reader = new ChatRequestReader(model, _template, options, _metadata.DefaultModelId);
    }

    /// <summary>Writes the reply to a conversation.</summary>
    /// <param name="messages">
    /// The conversation: texts of the system, first, of users and of the assistant; the last one is the user's.
    /// </param>
    /// <param name="options">What is special about this reply; null for nothing.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    /// <exception cref="ArgumentNullException"><paramref name="messages"/> is null.</exception>
    /// <exception cref="ArgumentException">
    /// The messages are none, stand in another order, spell a mark of the template or do not fit the model's context, or an option is out
    /// of its range.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// The request asks for what would silently be left undone: tools, JSON, contents other than text, a conversation kept by the client,
    /// penalties by frequency, another model. The message names it.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ChatRequest request = _reader.Read(messages, options, this);
        GeneratedText reply = await request.Generator.GenerateAsync(request.Prompt, cancellationToken).ConfigureAwait(false);
        ThrowIfCancelled(reply, cancellationToken);
        string id = NewId();
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, reply.Text.Trim())
        {
            MessageId = id, CreatedAt = request.CreatedAt, RawRepresentation = reply,
        })
        {
            ResponseId = id,
            CreatedAt = request.CreatedAt,
            ModelId = _metadata.DefaultModelId,
            FinishReason = ReasonOf(reply),
            Usage = UsageOf(reply),
            RawRepresentation = reply,
        };
    }

    /// <summary>
    /// Writes the reply to a conversation and gives its text as it becomes final; together the texts are those of
    /// <see cref="GetResponseAsync"/>. The last update has the finish reason and the usage.
    /// </summary>
    /// <param name="messages">As there.</param>
    /// <param name="options">As there.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    /// <exception cref="ArgumentNullException"><paramref name="messages"/> is null.</exception>
    /// <exception cref="ArgumentException">As there.</exception>
    /// <exception cref="NotSupportedException">As there.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; thrown while the updates are read.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed; thrown while the updates are read.</exception>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        Stream(_reader.Read(messages, options, this), cancellationToken);

    /// <summary>
    /// This client, its <see cref="ChatClientMetadata"/>, its <see cref="MaskedDiffusionModel"/> or its <see cref="ChatTemplate"/>.
    /// </summary>
    /// <param name="serviceType">The type asked for.</param>
    /// <param name="serviceKey">Null; with a key there is nothing.</param>
    /// <returns>The object, or null where there is none of the type.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="serviceType"/> is null.</exception>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        object[] services = [this, _metadata, _model, _template];
        return serviceKey is null ? services.FirstOrDefault(serviceType.IsInstanceOfType) : null;
    }

    /// <summary>Does nothing: the model is the caller's.</summary>
    public void Dispose()
    {
    }

    private static ChatFinishReason ReasonOf(GeneratedText reply) =>
        reply.FinishReason == FinishReason.Length ? ChatFinishReason.Length : ChatFinishReason.Stop;

    private static UsageDetails UsageOf(GeneratedText reply) => new()
    {
        InputTokenCount = reply.PromptTokenCount,
        OutputTokenCount = reply.Tokens.Count,
        TotalTokenCount = reply.PromptTokenCount + reply.Tokens.Count,
        AdditionalCounts = new() { ["Steps"] = reply.StepCount, ["NetworkRows"] = reply.NetworkRowCount },
    };

    private static string NewId() => Guid.NewGuid().ToString("N");

    private static void ThrowIfCancelled(GeneratedText reply, CancellationToken cancellation)
    {
        if (reply.FinishReason == FinishReason.Cancelled)
            throw new OperationCanceledException("The writing of the reply was cancelled.", cancellation);
    }

    private async IAsyncEnumerable<ChatResponseUpdate> Stream(
        ChatRequest request, CancellationToken cancellation, [EnumeratorCancellation] CancellationToken enumeration = default)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, enumeration);
        // The token of the two that was cancelled, which callers compare with theirs.
        CancellationToken Cancelled() => cancellation.IsCancellationRequested || enumeration == default ? cancellation : enumeration;
        Cancelled().ThrowIfCancellationRequested();
        var final = new FinalText(request.TokensStay, request.BlockLength);
        string id = NewId();
        ChatResponseUpdate Update(object raw) => new()
        {
            Role = ChatRole.Assistant, ResponseId = id, MessageId = id, CreatedAt = request.CreatedAt,
            ModelId = _metadata.DefaultModelId, RawRepresentation = raw,
        };
        await foreach (GenerationState state in request.Generator.StreamAsync(request.Prompt, both.Token).ConfigureAwait(false))
        {
            if (state.Result is { } ended)
                ThrowIfCancelled(ended, Cancelled());
            if (final.NewIn(state) is { Length: > 0 } text)
            {
                ChatResponseUpdate update = Update(state);
                update.Contents = [new TextContent(text)];
                yield return update;
            }
            if (state.Result is not { } reply)
                continue;
            ChatResponseUpdate last = Update(reply);
            last.Contents = [new UsageContent(UsageOf(reply))];
            last.FinishReason = ReasonOf(reply);
            yield return last;
        }
    }
}
