using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Small files in the formats that the experiments read, with contents of our own.</summary>
internal static class ReproduceFiles
{
    /// <summary>Writes all of them into a folder.</summary>
    public static void Write(string folder)
    {
        WriteFacts(folder);
        WriteProblems(folder);
        WriteConversations(folder);
        WriteChangelog(folder);
        WriteZeroShotQuestions(folder);
        WriteTexts(folder);
    }

    // The files of the reversal curse, with people of our own.
    private static void WriteFacts(string folder)
    {
        string[] names = ["Ann Reed", "Bob Stone", "Cleo Hart"];
        string[] facts = ["the inventor of the kite", "a painter of doors", "the last miller"];
        string[] lines =
        [
            .. Enumerable.Range(0, 60).Select(i => Line($"{names[i % 3]}, as all know in year {i}, is", $" {facts[i % 3]}.")),
        ];
        File.WriteAllLines(Path.Combine(folder, "all_prompts_train.jsonl"), lines);
        foreach (string file in new[] { "d2p_prompts_test", "p2d_reverse_prompts_test" })
            Write(folder, file, names.Zip(facts, (name, fact) => Line($"Known for being {fact},", $" {name}")));
        foreach (string file in new[] { "p2d_prompts_test", "d2p_reverse_prompts_test" })
            Write(folder, file, names.Zip(facts, (name, fact) => Line($"{name} is", $" {fact}.")));
    }

    // GSM8K's training file.
    private static void WriteProblems(string folder) => Write(folder, "train", Enumerable.Range(1, 40).Select(i => JsonSerializer.Serialize(
        new { question = $"Ann has {i} pens and finds 2. How many has she?", answer = $"{i}+2=<<{i}+2={i + 2}>>{i + 2}\n#### {i + 2}" })));

    // ShareGPT's conversations and MT-Bench's questions.
    private static void WriteConversations(string folder)
    {
        string[] things = ["kite", "door", "mill", "boat"];
        File.WriteAllText(Path.Combine(folder, "sharegpt.json"), JsonSerializer.Serialize(things.Select((thing, i) => new
        {
            id = $"{i}",
            conversations = new[]
            {
                new { from = "human", value = $"What is a {thing}?" },
                new { from = "gpt", value = $"A {thing} is a thing." },
                new { from = "human", value = "Thank you." },
            },
        })));
        Write(folder, "question", things.Select((thing, i) => JsonSerializer.Serialize(
            new { question_id = 81 + i, category = "writing", turns = new[] { $"Write about a {thing}.", "Shorter." } })));
    }

    // A changelog with entries of all periods of the temporal shift.
    private static void WriteChangelog(string folder)
    {
        string[] entries =
        [
            .. Enumerable.Range(0, 80).Select(i =>
                $"kite ({i}.0-1) unstable; urgency=low\n\n  * The string number {i} of the kite is longer. (Closes: #{700 + i})\n\n"
                + $" -- Ann Reed <ann@kites.invalid>  Mon, {(i % 28) + 1} Mar {2019 + (i % 6)} 10:11:12 +0100\n"),
        ];
        ChangelogFile.Write(Path.Combine(folder, "changelog.Debian.gz"), string.Join('\n', entries));
    }

    // Two questions of a multiple-choice task.
    private static void WriteZeroShotQuestions(string folder) => Write(folder, "arc_easy_dev", Enumerable.Range(0, 2).Select(i =>
        JsonSerializer.Serialize(new { query = $"Question: What flies {i}?\nAnswer:", choices = new[] { "a kite", "a door" }, gold = 0 })));

    // Texts of the training's time and of later, texts with gaps, and texts to learn the middle last from.
    private static void WriteTexts(string folder)
    {
        string[] files = ["slimpajama", "fineweb-2024-10", "fineweb-2024-18", "held-out", "training"];
        foreach ((int number, string file) in files.Index())
        {
            Write(folder, file, Enumerable.Range(0, 12).Select(i => JsonSerializer.Serialize(new
            {
                text = $"Text {number}: the kite number {i} flies over doors,\nand Ann Reed, the last miller of {1900 + i}, looks at it "
                    + "all day long, as all the others do.",
            })));
        }
    }

    private static void Write(string folder, string file, IEnumerable<string> lines) =>
        File.WriteAllLines(Path.Combine(folder, file + ".jsonl"), lines);

    private static string Line(string prompt, string completion) => JsonSerializer.Serialize(new { prompt, completion });
}
