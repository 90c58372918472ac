
namespace DocumentationDemo.Corpus;

/// <summary>One row of the corpus: a name, its description, and the group it must not be separated from when splitting.</summary>
public sealed class CorpusRow
{
    /// <summary>What keeps rows together: the declaring type of a member, or a running number for plain text.</summary>
    public string Group { get; set; } = "";

    /// <summary>The context of the zero-shot question: a member's name in words, or the first half of a line.</summary>
    public string Name { get; set; } = "";

    /// <summary>What the name stands for: the summary, or the rest of the line.</summary>
    public string Summary { get; set; } = "";

    /// <summary>The text to train on and to score: name and summary, a space between them.</summary>
    public string Text { get; set; } = "";

    /// <summary>Builds a row whose text is the name followed by the summary.</summary>
    public static CorpusRow Create(string group, string name, string summary) =>
        new() { Group = group, Name = name, Summary = summary, Text = name.Length == 0 ? summary : name + " " + summary };
}
