using Microsoft.Extensions.AI;

namespace Microsoft.ML.MaskedDiffusion.Extensions.AI;

/// <summary>Refuses what a request asks for and would silently not get.</summary>
internal static class ChatOptionsCheck
{
    /// <summary>Refuses what a model of this kind cannot do.</summary>
    /// <param name="options">The options of the request.</param>
    /// <param name="modelId">The model that there is; null where it has no name.</param>
    /// <exception cref="NotSupportedException">An option asks for it; the message names the option.</exception>
    public static void RequireSupported(ChatOptions options, string? modelId)
    {
        Require(options.Tools is not { Count: > 0 }, nameof(options.Tools), "it writes text and calls no tools");
        Require(options.ToolMode is not RequiredChatToolMode, nameof(options.ToolMode), "it writes text and calls no tools");
        Require(options.ResponseFormat is null or ChatResponseFormatText, nameof(options.ResponseFormat),
            "nothing would make its text JSON; ask for text and check what comes");
        Require(options.FrequencyPenalty is null or 0, nameof(options.FrequencyPenalty), "use SamplingOptions.RepetitionPenalty");
        Require(options.PresencePenalty is null or 0, nameof(options.PresencePenalty), "use SamplingOptions.RepetitionPenalty");
        Require(options.ConversationId is null, nameof(options.ConversationId),
            "the client keeps no conversations; send all messages with each request");
#pragma warning disable MEAI001 // The option is experimental; a request that has it would get another reply than it asks for.
        Require(options.ContinuationToken is null, nameof(options.ContinuationToken),
            "the client keeps no replies; send all messages with each request");
#pragma warning restore MEAI001
        Require(options.ModelId is null || options.ModelId == modelId, nameof(options.ModelId),
            $"the client has one model, '{modelId}', and the request names '{options.ModelId}'");
    }

    private static void Require(bool holds, string option, string reason)
    {
        if (!holds)
            throw new NotSupportedException($"ChatOptions.{option} is not supported by a masked diffusion model: {reason}.");
    }
}
