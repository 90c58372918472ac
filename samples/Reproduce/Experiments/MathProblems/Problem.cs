using System.Text.Json;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;

namespace Reproduce.Experiments.MathProblems;

/// <summary>A word problem of GSM8K's kind.</summary>
/// <param name="Question">The question.</param>
/// <param name="Reference">The number that is its answer, as the file writes it.</param>
internal sealed record Problem(string Question, string Reference)
{
    private const string AnswerMark = "####";

    /// <summary>
    /// Reads GSM8K's official files: a JSON object on each line, with a "question", and an "answer" that ends with #### and the number.
    /// </summary>
    /// <exception cref="FormatException">A line is not of that form; the message names the file and the line.</exception>
    public static Problem[] Read(string path)
    {
        Problem[] problems = [.. File.ReadLines(path).Select((line, i) => Parse(line, $"{path}, line {i + 1}"))];
        return problems.Length > 0 ? problems : throw new FormatException(
            $"{path} is empty. Take the official file again: JSON lines with a question and an answer.");
    }

    /// <summary>The problem of the second of the two rows that the library's reader makes of it.</summary>
    public static Problem Of(FineTuningRow row) => new(row.Prompt[Solver.QuestionStart.Length..], row.Answer[AnswerMark.Length..].Trim());

    /// <summary>Parses a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="place">Where it is, for the message of an error.</param>
    /// <exception cref="FormatException">It is not of the official form.</exception>
    public static Problem Parse(string line, string place)
    {
        try
        {
            using JsonDocument row = JsonDocument.Parse(line);
            string question = row.RootElement.GetProperty("question").GetString()!;
            string[] answer = row.RootElement.GetProperty("answer").GetString()!.Split(AnswerMark);
            if (answer.Length == 2 && answer[1].Trim().Length > 0)
                return new Problem(question, answer[1].Trim());
            throw Error($"its answer does not end with one {AnswerMark} and a number");
        }
        catch (Exception error) when (JsonFault.Is(error))
        {
            throw Error(JsonFault.Words(error));
        }

        FormatException Error(string fault) => new(
            $"{place}: {fault}. Each line must be a JSON object of GSM8K's official files: a question, and an answer with reasoning, "
            + $"{AnswerMark} and a number.");
    }
}
