using Microsoft.ML.MaskedDiffusion.Transforms.Generation;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Writes a text after each prompt, as <see cref="TextGenerator"/> does. Lazy: a row is written when a column of this transform is read.
/// </summary>
/// <remarks>
/// <para>Reading a row throws <see cref="ArgumentException"/> for a prompt that does not fit the model, unless
/// <see cref="GenerationOptions.InvalidRows"/> asks for <see cref="FinishReason.InvalidPrompt"/> instead.</para>
/// <para>The model is not disposed with the transformer, except where the transformer was unwrapped from a saved file.</para>
/// </remarks>
public sealed class TextGenerationTransformer : ModelTransformer
{
    internal TextGenerationTransformer(TextGenerationComputation computation, IDisposable? owned) : base(computation, owned)
    {
    }
}
