namespace DocumentationDemo.Steps;

/// <summary>A sentence with gaps and what the model wrote into them.</summary>
public sealed class InfillRow
{
    /// <summary>The sentence as it stands in the documentation.</summary>
    public string Original { get; set; } = "";

    /// <summary>The sentence with gaps, `[MASK]` for one token and `[MASK*n]` for n.</summary>
    public string Masked { get; set; } = "";

    /// <summary>The sentence with its gaps filled.</summary>
    public string Filled { get; set; } = "";
}
