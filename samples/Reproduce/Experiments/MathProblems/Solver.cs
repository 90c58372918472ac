using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;

namespace Reproduce.Experiments.MathProblems;

/// <summary>How a model comes from a question to an answer.</summary>
internal enum Stages
{
    /// <summary>It writes the reasoning, and then, after question and reasoning, the answer: the published recipe.</summary>
    Two,

    /// <summary>It writes reasoning and answer as one text.</summary>
    One,
}

/// <summary>
/// Writes answers to questions. The prompts are those of the training, character for character: "Question: ", the question, and in the
/// second stage what the first has written.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="sampling">How tokens are chosen.</param>
/// <param name="rowTokens">
/// The tokens of a prompt and what is written after it, together: as in the training, whose rows are filled up to that length.
/// </param>
internal sealed class Solver(MaskedDiffusionModel model, SamplingOptions sampling, int rowTokens)
{
    /// <summary>What stands before every question.</summary>
    public const string QuestionStart = "Question: ";

    private const string AnswerMark = "####";

    /// <summary>The whole texts after the questions, reasoning and answer.</summary>
    public string[] Solve(IReadOnlyList<Problem> problems, Stages stages)
    {
        string[] questions = [.. problems.Select(Prompt)];
        if (stages == Stages.One)
            return Write(questions, new GenerationOptions());
        // After a question and its reasoning, half of the rows of the training end and half have the answer, so that a model cannot know
        // which is asked for. A reasoning therefore ends where an answer begins, and an answer does not end before its first token; the
        // published script reads what stands behind an end.
        string[] reasoning = Write(questions, new GenerationOptions { StopStrings = [AnswerMark] });
        string[] answers = Write(
            [.. questions.Zip(reasoning, (question, thought) => question + thought)], new GenerationOptions { MinNewTokens = 1 });
        // The published check looks at all that is written, whose last line is the answer's.
        return [.. reasoning.Zip(answers, (thought, answer) => thought + answer)];
    }

    /// <summary>What a model sees of a problem.</summary>
    public static string Prompt(Problem problem) => QuestionStart + problem.Question;

    /// <summary>A problem's two rows of the published recipe as a single one, for a model that writes all at once.</summary>
    public static IEnumerable<FineTuningRow> InOneStage(IEnumerable<FineTuningRow> rows) =>
        rows.Where(row => row.Reasoning.Length > 0).Select(row => new FineTuningRow(row.Prompt, "", row.Reasoning + row.Answer));

    private string[] Write(string[] prompts, GenerationOptions options)
    {
        options.Sampling = sampling;
        GeneratedText?[] texts = LimitedTexts.Write(model, prompts, promptTokens => rowTokens - promptTokens, room =>
        {
            options.MaxNewTokens = room;
            return options;
        });
        return [.. texts.Select(text => text?.Text ?? "")];
    }
}
