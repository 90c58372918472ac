namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A row with the columns that the fixtures' transformers read. The rows are part of the fixtures: their scores are in expected.json.
/// </summary>
internal sealed class FixtureRow
{
    public string Prompt { get; set; } = "";

    public string Text { get; set; } = "";

    public string Context { get; set; } = "";

    public string[] Choices { get; set; } = [];

    public string Choice { get; set; } = "";

    public string Group { get; set; } = "";

    public string Gaps { get; set; } = "";

    public static List<FixtureRow> All { get; } =
    [
        new()
        {
            Prompt = "the cat ", Text = "sat on the mat", Context = "the cat sat on", Choices = ["the mat", "a log", ""],
                Choice = "the mat", Group = "cat",
            Gaps = "the cat [MASK] on the [MASK*3]",
        },
        new()
        {
            Prompt = "the dog ", Text = "sat on the log", Context = "the cat sat on", Choices = ["a dog", "the log", "the cat"],
                Choice = "a log", Group = "cat",
            Gaps = "[MASK*4]",
        },
        new()
        {
            Prompt = "", Text = "ünïcödé 🙂", Context = "the dog sat", Choices = ["on the log", "on a mat"], Choice = "on the log",
                Group = "dog",
            Gaps = "no gap",
        },
        new()
        {
            Prompt = "A DOG ", Text = "", Context = "the dog sat", Choices = ["and", "on"], Choice = "and a cat", Group = "dog",
            Gaps = "漢 [MASK]",
        },
    ];

    /// <summary>What the fixtures' models were trained on: few words, so that a small model is sure of them within a second.</summary>
    public static List<FixtureRow> Training { get; } =
    [
        .. new (string Prompt, string Text)[]
        {
            ("the cat ", "sat on the mat"), ("the dog ", "sat on the log"), ("a cat ", "and a dog"), ("the mat ", "and the log"),
                ("a dog ", "on a mat"), ("the cat ", "and the log"),
            ("a log ", "on a mat and a cat"), ("", "the cat sat"),
        }.Select(row => new FixtureRow { Prompt = row.Prompt, Text = row.Text }),
    ];

    public static IDataView View(IEnumerable<FixtureRow> rows) => new MLContext(1).Data.LoadFromEnumerable(rows.ToList());
}
