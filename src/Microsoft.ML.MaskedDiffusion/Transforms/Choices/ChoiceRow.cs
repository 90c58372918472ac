namespace Microsoft.ML.MaskedDiffusion.Transforms.Choices;

/// <summary>A question and its options; an empty option is not there.</summary>
internal sealed record ChoiceRow(string Context, string[] Choices)
{
    /// <summary>Enough of the context to find the row.</summary>
    public string ShortContext => Context.Length <= 60 ? Context : Context[..60] + "...";
}
