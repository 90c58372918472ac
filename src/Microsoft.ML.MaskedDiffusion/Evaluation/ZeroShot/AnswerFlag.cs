namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Whether and how a question was scored.</summary>
public enum AnswerFlag
{
    /// <summary>Scored without restriction.</summary>
    None,

    /// <summary>Longer than the model's context, so not scored.</summary>
    TooLong,

    /// <summary>Longer than the model's context, so scored with the end of its context only.</summary>
    Truncated,

    /// <summary>The continuation has no tokens, so there is nothing to score.</summary>
    Empty,
}
