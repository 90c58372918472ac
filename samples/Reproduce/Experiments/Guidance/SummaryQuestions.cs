using System.Text.Json;
using DocumentationDemo.Corpus;
using Microsoft.ML.MaskedDiffusion;

namespace Reproduce.Experiments.Guidance;

/// <summary>Which of four summaries of similar length belongs to the name of a member?</summary>
internal sealed class SummaryQuestions : ZeroShotTask
{
    private const int Choices = 4, Nearest = 40;

    public override string Name => "summaries";

    /// <summary>Questions about rows; the wrong answers are drawn from the 40 summaries nearest in length to the right one.</summary>
    /// <param name="rows">Rows, each with a name and a summary.</param>
    /// <param name="count">The most questions.</param>
    /// <param name="random">Chooses the rows, the wrong answers and the place of the right one.</param>
    public static ZeroShotQuestion[] Ask(IReadOnlyList<CorpusRow> rows, int count, Random random)
    {
        CorpusRow[] byLength = [.. rows.OrderBy(row => row.Summary.Length).ThenBy(row => row.Text, StringComparer.Ordinal)];
        if (byLength.Length <= Nearest)
            throw new InvalidOperationException($"Questions need more than {Nearest} held-out rows, but there are {byLength.Length}.");
        int[] asked = [.. Enumerable.Range(0, byLength.Length)];
        random.Shuffle(asked);
        return [.. asked.Take(count).Select(index => Ask(byLength, index, random))];
    }

    protected override ZeroShotQuestion Read(JsonElement row, string id) =>
        throw new NotSupportedException("These questions are made of the documentation, and are in no file.");

    private static ZeroShotQuestion Ask(CorpusRow[] byLength, int index, Random random)
    {
        int first = Math.Clamp(index - Nearest / 2, 0, byLength.Length - Nearest - 1);
        int[] near = [.. Enumerable.Range(first, Nearest + 1).Where(i => i != index)];
        random.Shuffle(near);
        int right = random.Next(Choices);
        List<string> choices = [.. near.Take(Choices - 1).Select(i => byLength[i].Summary)];
        choices.Insert(right, byLength[index].Summary);
        return new ZeroShotQuestion($"{index}", byLength[index].Name, choices, right);
    }
}
