namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>A token and the UTF-16 units of the normalized text that it stands for.</summary>
internal readonly record struct TokenSpan(int Id, int Start, int Length);
