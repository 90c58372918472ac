using Microsoft.ML.Data;

namespace DocumentationDemo.Steps;

/// <summary>A zero-shot question: which of four summaries belongs to the name?</summary>
public sealed class ChoiceRow
{
    /// <summary>The context: the name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Four summaries of similar length, one of them right.</summary>
    [VectorType(ChoiceStep.Options)]
    public string[] Choices { get; set; } = [];

    /// <summary>Which one is right, from 0; a data view stores it as a key from 1.</summary>
    [KeyType(ChoiceStep.Options)]
    public uint Label { get; set; }
}
