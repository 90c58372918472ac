namespace Microsoft.ML.MaskedDiffusion.Diffusion.Infilling;

/// <summary>What texts to choose from must be.</summary>
internal static class CandidateTexts
{
    /// <summary>What is wrong with candidates, empty ones left out: the end of "The candidates ..."; null where nothing is.</summary>
    public static string? Fault(IReadOnlyList<string> candidates)
    {
        string[] given = [.. candidates.Where(text => !string.IsNullOrEmpty(text))];
        if (given.Length == 0)
            return "has no text to choose from";
        return given.Length > 1 && given.Distinct(StringComparer.Ordinal).Count() == 1 ? $"has only equal texts, \"{given[0]}\"" : null;
    }
}
