namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Who speaks in a turn of a conversation.</summary>
public enum ChatTurnRole
{
    /// <summary>Nobody: what the assistant is told before the conversation begins.</summary>
    System,

    /// <summary>The user.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,
}
