using Microsoft.ML.MaskedDiffusion.Transforms.Infilling;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Fills the gaps of each text with a masked diffusion model: [MASK] by one token, [MASK*5] by five, [MASK*2-8] by two to eight, of which
/// the model chooses the number, [MASK*] by 1 to <see cref="InfillOptions.MaxGapLength"/>. Text outside gaps is kept as it is, except that
/// one space right before a gap belongs to the gap, because the token of a word brings its own space. A text without gaps comes back
/// unchanged, and an empty one empty. <see cref="GapSyntax.Escape"/> makes any text plain.
/// </summary>
/// <remarks>
/// <para>Reading a row throws <see cref="ArgumentException"/> for a text longer than the model's context or without candidates that differ,
/// and <see cref="FormatException"/> for a gap of no size, unless <see cref="InfillOptions.InvalidRows"/> says otherwise.</para>
/// <para>The model is not disposed with the transformer, except where the transformer was unwrapped from a saved file.</para>
/// </remarks>
public sealed class InfillTransformer : ModelTransformer
{
    internal InfillTransformer(InfillComputation computation, IDisposable? owned) : base(computation, owned)
    {
    }
}
