using System.Text.Json;
using DocumentationDemo.Corpus;
using Reproduce.Runs;

namespace Reproduce.Experiments.MtBench;

/// <summary>Small files in the formats of ShareGPT and of MT-Bench's questions, made of the .NET reference documentation.</summary>
internal static class StandIns
{
    // MT-Bench's questions begin with this number.
    private const int FirstQuestion = 81;

    private static readonly Func<string, string>[] Phrases =
    [
        name => $"What is the {name}?", name => $"Explain the {name}.", name => $"Can you tell me about the {name}?",
    ];

    /// <summary>Writes conversations in which a user asks what something is and is answered with its summary.</summary>
    public static void WriteDialogues(string path, IEnumerable<CorpusRow> rows, Random random) => File.WriteAllText(
        path, JsonSerializer.Serialize(rows.Select((row, i) => new
        {
            id = $"documentation-{i}",
            conversations = new[]
            {
                new { from = "human", value = Ask(row, random) },
                new { from = "gpt", value = row.Summary },
                new { from = "human", value = "Thank you." },
                new { from = "gpt", value = "You are welcome." },
            },
        }), Json.Line));

    /// <summary>Writes questions of two turns about other things.</summary>
    public static void WriteQuestions(string path, IEnumerable<CorpusRow> rows, Random random) => File.WriteAllLines(
        path, [.. rows.Select((row, i) => JsonSerializer.Serialize(new
        {
            question_id = FirstQuestion + i,
            category = "documentation",
            turns = new[] { Ask(row, random), "Say it in fewer words." },
        }, Json.Line))]);

    private static string Ask(CorpusRow row, Random random) => Phrases[random.Next(Phrases.Length)](row.Name.TrimEnd(':'));
}
