using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A row with every column that the documentation's snippets name.</summary>
internal sealed class SnippetRow
{
    private static readonly string[] Lines =
        ["the cat sat on the mat", "a small bird sang in the old tree", "one two three four", "the river runs to the sea"];

    public string Text { get; set; } = "";

    public string Sentence { get; set; } = "";

    [VectorType(3)]
    public string[] Words { get; set; } = [];

    public string Question { get; set; } = "";

    public string Answer { get; set; } = "";

    [VectorType(4)]
    public string[] Options { get; set; } = [];

    public int AnswerIndex { get; set; }

    public string AnswerLetter { get; set; } = "";

    public string Month { get; set; } = "";

    public int Number { get; set; }

    public string Option { get; set; } = "";

    public bool IsRight { get; set; }

    /// <summary>48 rows: 24 questions with an option in each of two rows, and the same questions with four options in each row.</summary>
    public static IDataView View(MLContext ml) => ml.Data.LoadFromEnumerable(Enumerable.Range(0, 48).Select(Of).ToArray());

    private static SnippetRow Of(int row)
    {
        string[] options = ["a cat", "a bird", "four", "the sea"];
        int question = row / 2, right = question % 4;
        return new SnippetRow
        {
            Text = $"{Lines[row % 4]}, {row} times",
            Sentence = $"{Lines[row % 4]} and the [MASK] too",
            Words = ["cat", "bird", "sea"],
            Question = $"Which of them comes in line {question}?",
            Answer = options[right],
            Options = options,
            AnswerIndex = right,
            AnswerLetter = "ABCD"[right].ToString(),
            Month = $"2024-0{1 + (row % 3)}",
            Number = question,
            Option = options[(right + row) % 4],
            IsRight = row % 2 == 0,
        };
    }
}
