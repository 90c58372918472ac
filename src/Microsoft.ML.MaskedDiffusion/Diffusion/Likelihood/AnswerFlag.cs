namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What is special about how a question was scored.</summary>
public enum AnswerFlag
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Not scored, because it has more tokens than the model's context.</summary>
    TooLong,

    /// <summary>Scored with only the end of its context, because it has more tokens than the model's context.</summary>
    Truncated,

    /// <summary>Not scored, because the continuation has no tokens.</summary>
    Empty,
}
