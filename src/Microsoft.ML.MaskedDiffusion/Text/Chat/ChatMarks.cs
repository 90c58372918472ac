namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What becomes of a message that spells a mark of the template, such as "&lt;|im_end|&gt;" or "USER:".</summary>
public enum ChatMarks
{
    /// <summary>The message is refused with an error that names the mark.</summary>
    Refuse,

    /// <summary>
    /// The model sees a space after the mark's first character, so that it is no mark any more: "&lt; |im_end|&gt;". The message itself
    /// stays as it is. A mark of one character cannot be changed so and is refused.
    /// </summary>
    Separate,
}
