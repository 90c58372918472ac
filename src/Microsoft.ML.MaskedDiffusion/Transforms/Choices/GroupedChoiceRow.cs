namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

/// <summary>One option of a question; <paramref name="Question"/> counts the questions of a pass over the data.</summary>
internal sealed record GroupedChoiceRow(long Question, string Group, string Context, string Choice);
