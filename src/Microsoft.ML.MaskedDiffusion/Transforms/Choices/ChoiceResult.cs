namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

/// <summary>The scores of a question's options, one place for each option it may have.</summary>
/// <param name="Options">An entry a place.</param>
/// <param name="PredictedLabel">The best option: 1 for the first; 0 for none.</param>
internal sealed record ChoiceResult(OptionScore[] Options, uint PredictedLabel);
