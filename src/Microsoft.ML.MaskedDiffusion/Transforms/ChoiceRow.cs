namespace Microsoft.ML.MaskedDiffusion.Transforms;

/// <summary>A question and its options; an empty option is not there.</summary>
internal sealed record ChoiceRow(string Context, string[] Choices);
