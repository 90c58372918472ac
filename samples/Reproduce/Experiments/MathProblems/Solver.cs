using Microsoft.ML.MaskedDiffusion;

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
/// <param name="reasoningTokens">The most tokens of a reasoning.</param>
/// <param name="answerTokens">The most tokens of an answer.</param>
internal sealed class Solver(MaskedDiffusionModel model, SamplingOptions sampling, int reasoningTokens, int answerTokens)
{
    /// <summary>What stands before every question.</summary>
    public const string QuestionStart = "Question: ";

    /// <summary>The whole texts after the questions, reasoning and answer.</summary>
    public string[] Solve(IReadOnlyList<Problem> problems, Stages stages)
    {
        string[] questions = [.. problems.Select(Prompt)];
        if (stages == Stages.One)
            return Write(questions, reasoningTokens + answerTokens);
        string[] reasoning = Write(questions, reasoningTokens);
        string[] answers = Write([.. questions.Zip(reasoning, (question, thought) => question + thought)], answerTokens);
        // The published check looks at all that is written, whose last line is the answer's.
        return [.. reasoning.Zip(answers, (thought, answer) => thought + answer)];
    }

    /// <summary>What a model sees of a problem.</summary>
    public static string Prompt(Problem problem) => QuestionStart + problem.Question;

    /// <summary>A problem's two rows of the published recipe as a single one, for a model that writes all at once.</summary>
    public static IEnumerable<FineTuningRow> InOneStage(IEnumerable<FineTuningRow> rows) =>
        rows.Where(row => row.Reasoning.Length > 0).Select(row => new FineTuningRow(row.Prompt, "", row.Reasoning + row.Answer));

    private string[] Write(string[] prompts, int tokens)
    {
        var generator = new TextGenerator(model, new GenerationOptions { MaxNewTokens = tokens, Sampling = sampling });
        return [.. generator.Generate(prompts).Select(text => text.Text)];
    }
}
