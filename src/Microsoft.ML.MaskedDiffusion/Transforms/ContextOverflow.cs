namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What to do with a row whose context and longest option together exceed the model's context length.</summary>
public enum ContextOverflow
{
    /// <summary>Stop with an error that names the row's text and lengths.</summary>
    Throw,

    /// <summary>Keep the end of the context, the same for all options of the row, and leave out its beginning. An option that is too long by itself is still an error.</summary>
    KeepEnd,
}
