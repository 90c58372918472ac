namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

/// <summary>An option's scores, and whether it is its question's best.</summary>
internal readonly record struct GroupedChoiceResult(OptionScore Option, bool Predicted);
