using Microsoft.Extensions.AI;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Models as chat clients.</summary>
public static class MaskedDiffusionChatClientExtensions
{
    /// <summary>A chat client that answers with this model.</summary>
    /// <param name="model">The model; it stays the caller's and must outlive the client.</param>
    /// <param name="options">How to answer; checked and copied. Null for the defaults.</param>
    /// <exception cref="ArgumentNullException">The model, or an option that needs a value, is null.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="InvalidDataException">
    /// No template is given, and the one in the model's files is refused; the message says why.
    /// </exception>
    public static IChatClient AsChatClient(this MaskedDiffusionModel model, MaskedDiffusionChatClientOptions? options = null) =>
        new MaskedDiffusionChatClient(model, options);
}
