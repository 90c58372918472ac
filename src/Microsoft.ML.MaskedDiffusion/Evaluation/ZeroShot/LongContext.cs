namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What to do with a question that is longer than the model's context.</summary>
public enum LongContext
{
    /// <summary>Do not score it: flag it in the log, count it in the result, leave it out of all figures. The default.</summary>
    Flag,

    /// <summary>
    /// Score it with the end of its context, as lm-evaluation-harness does, and count it in the result. A question whose answer alone is
    /// longer than the model's context is flagged all the same.
    /// </summary>
    TruncateLeft,
}
