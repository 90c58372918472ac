namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// What happens where a context and what follows it have more tokens together than the model's context length. The answer itself is never
/// cut.
/// </summary>
public enum ContextOverflow
{
    /// <summary>Stop with an error that names the text and its lengths.</summary>
    Throw,

    /// <summary>
    /// Keep the end of the context, as lm-evaluation-harness does: the same end for all options of a question, as long as the longest
    /// option allows. An option that leaves no room by itself does not fit all the same.
    /// </summary>
    KeepEnd,

    /// <summary>
    /// Leave the question out of all figures: it is flagged in the log and counted in the result. Only for evaluations; a transform has a
    /// value for every row and does not take it.
    /// </summary>
    Skip,
}
