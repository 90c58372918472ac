using Microsoft.Extensions.AI;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How a model answers conversations. Checked and copied by whatever takes it; later changes have no effect.
/// </summary>
public sealed class MaskedDiffusionChatClientOptions
{
    /// <summary>
    /// How a conversation is written down: as the model was trained with. Default null: the template that the model's files have
    /// (<see cref="TextTokenizer.ChatTemplate"/>), or where they have none <see cref="ChatTemplate.Vicuna"/>, with which SMDM's
    /// conversation models and those of <see cref="FineTuningRecipes.ShareGpt"/> are trained.
    /// </summary>
    public ChatTemplate? Template { get; set; }

    /// <summary>What becomes of a message that spells a mark of the template. Default <see cref="ChatMarks.Refuse"/>.</summary>
    public ChatMarks Marks { get; set; } = ChatMarks.Refuse;

    /// <summary>
    /// How replies are written where a request says nothing else. Its stop strings are added to those of the template; its
    /// <see cref="GenerationOptions.PromptTokens"/> must be null and its <see cref="GenerationOptions.LiteralPrompts"/> false, since both
    /// are the template's. Default null: at most 128 tokens, drawn from the model's own distribution in a random order, in blocks of 32
    /// tokens; half the context where that is less than the one or the other.
    /// </summary>
    public GenerationOptions? Generation { get; set; }

    /// <summary>
    /// What responses and <see cref="ChatClientMetadata"/> call the model. Default null: the name in its configuration.
    /// </summary>
    public string? ModelId { get; set; }
}
