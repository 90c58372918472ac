using System.Text.Json;
using Mdm.Data;
using Mdm.Output;
using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Chooses among answers.</summary>
internal sealed class ChooseCommand : SettingsCommand<ChooseSettings>
{
    public ChooseCommand()
        : base(
            "choose", "Choose the most likely of several answers after a context, with the probability of each.",
            "mdm choose --model lm.zip --context \"Sunday comes before\" Monday. Tuesday. Friday.",
            "mdm choose --model lm.zip --file questions.jsonl --json    # lines {\"context\": \"...\", \"choices\": [\"...\", \"...\"]}")
    {
        AddArgument(
            "answers", "Options", "The answers of one question. Without any, questions are read from --file or the standard input.");
        AddOption("--model", "Model", $"The model: {ModelPlace.Forms}.", "path");
        AddOption("--context", "Context", "What the answers follow.");
        AddOption("--file", "File", "JSON lines that have \"context\" and \"choices\".", "file");
        AddOption("--normalization", "Choices.Normalization",
            "What scores are divided by: None, PerCharacter, PerByte or PerToken. Default: None.");
        AddOption("--samples", "Choices.Likelihood.Samples", "Masks drawn for each answer. Default: 128.");
        AddOption("--device", "Device", "auto, cpu, cuda or cuda:1. Default: auto.", "name");
        AddOption("--weights", "Weights", ModelPlace.WeightTypes, "name");
        AddCommonOptions();
    }

    /// <inheritdoc/>
    protected override int Run(ChooseSettings settings, ToolContext context)
    {
        Question[]? given = settings.Options is { } options ? [new Question(settings.Context, [.. options])] : null;
        List<Question> questions = InputLines.Read(given, settings.File, null, Read, context);
        if (questions.FirstOrDefault(question => question.Choices.Length < 2) is { } few)
            throw new UsageException($"The question '{few.Context}' has {few.Choices.Length} answers; there must be at least two.");
        using MaskedDiffusionModel model = ModelPlace.Open(settings, context);
        ChoiceScoringOptions scoring = settings.Choices;
        (scoring.ContextColumnName, scoring.ChoicesColumnName) = (nameof(Question.Context), nameof(Question.Choices));
        scoring.CancellationToken = context.Cancellation;
        IDataView data = context.Ml.Data.LoadFromEnumerable(questions);
        IDataView scored = context.Catalog.ScoreChoices(model, scoring).Fit(data).Transform(data);
        // Questions with fewer answers than others have numbers for answers that they lack.
        float[][] Column(string name) =>
            [.. scored.GetColumn<float[]>(name).Zip(questions, (numbers, question) => numbers[..question.Choices.Length])];
        Answers[] answers = [.. questions.Zip(Column(scoring.ProbabilityColumnName), Column(scoring.LogLikelihoodColumnName))
            .Zip(Column(scoring.StandardErrorColumnName), (a, errors) => new Answers(a.First, a.Second, a.Third, errors))];
        Write(answers, context.Results);
        return ExitCode.Done;
    }

    private static void Write(Answers[] answers, ResultWriter results)
    {
        if (!results.IsJson)
        {
            results.Rows([.. answers.SelectMany(answer => Enumerable.Range(0, answer.Question.Choices.Length).Select(answer.Row))]);
            return;
        }
        foreach (Answers answer in answers)
        {
            results.WriteObject(
            [
                new Field("context", answer.Question.Context), new Field("choices", answer.Question.Choices),
                new Field("predicted", answer.Best), new Field("predicted text", answer.Question.Choices[answer.Best]),
                new Field("probability", Numbers(answer.Probabilities)), new Field("log likelihood", Numbers(answer.LogLikelihoods)),
                new Field("standard error", Numbers(answer.StandardErrors)),
            ]);
        }
    }

    private static float?[] Numbers(float[] values) => [.. values.Select(value => float.IsFinite(value) ? value : (float?)null)];

    private static Question Read(JsonElement row)
    {
        if (!row.TryGetProperty("choices", out JsonElement choices) || choices.ValueKind != JsonValueKind.Array
            || choices.EnumerateArray().Any(choice => choice.ValueKind != JsonValueKind.String))
        {
            throw new JsonException("there must be a list of texts \"choices\"");
        }
        return new Question(InputLines.Text(row, "context"), [.. choices.EnumerateArray().Select(choice => choice.GetString()!)]);
    }

    private sealed record Answers(Question Question, float[] Probabilities, float[] LogLikelihoods, float[] StandardErrors)
    {
        public int Best => Probabilities.Index().MaxBy(pair => pair.Item).Index;

        public Field[] Row(int i) =>
        [
            new("chosen", i == Best ? "*" : ""),
            new("probability", 100.0 * Probabilities[i], "%", "0.0"),
            new("log likelihood", (double)LogLikelihoods[i], "nats", "0.000"),
            new("standard error", (double)StandardErrors[i], "nats", "0.000"),
            new("context", Question.Context),
            new("answer", Question.Choices[i]),
        ];
    }

    private sealed class Question(string context, string[] choices)
    {
        public Question()
            : this("", [])
        {
        }

        public string Context { get; set; } = context;

        [VectorType]
        public string[] Choices { get; set; } = choices;
    }
}
