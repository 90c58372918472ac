namespace Microsoft.ML.MaskedDiffusion;

/// <summary>One turn of a conversation, as plain text. Immutable.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Text">What is said; may be empty.</param>
public sealed record ChatTurn(ChatTurnRole Role, string Text);
