using System.Text.Json;
using Mdm.Data;
using Mdm.Output;
using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Chooses among texts.</summary>
internal sealed class ChooseCommand : ModelCommand<ChooseSettings>
{
    public ChooseCommand()
        : base(
            "choose", "Choose the most likely of several texts after a context, with the probability of each.",
            "mdm choose --model lm.zip --context \"Sunday comes before\" Monday. Tuesday. Friday.",
            "mdm choose --model lm.zip --file questions.jsonl --json    # lines {\"context\": \"...\", \"choices\": [\"...\", \"...\"]}")
    {
        AddArgument(
            "choices", "Choices", "The choices of one question. Without any, questions are read from --file or the standard input.");
        AddModel();
        AddOption("--context", "Context", "What the choices follow; in a file, those of lines without a context.");
        AddOption("--file", "File", "JSON lines that have \"context\" and \"choices\".", "file");
        AddOption("--normalization", "Scoring.Normalization",
            "What scores are divided by: None, PerCharacter, PerByte or PerToken. Default: None.");
        AddOption("--samples", "Scoring.Likelihood.Samples", "Masks drawn for each choice. Default: 128.");
        AddDeviceAndWeights();
        AddCommonOptions();
    }

    /// <inheritdoc/>
    protected override int Run(ChooseSettings settings, ToolContext context)
    {
        Question[]? given = settings.Choices is { } choices ? [new Question(settings.Context ?? "", [.. choices])] : null;
        List<Question> questions = InputLines.Read(given, settings.File, null, row => Read(row, settings.Context), context);
        if (questions.FirstOrDefault(question => question.Choices.Length < 2) is { } few)
        {
            string count = few.Choices.Length == 1 ? "1 choice" : "no choices";
            throw new UsageException($"The question '{few.Context}' has {count}; there must be at least two.");
        }
        if (questions.FirstOrDefault(question => question.Choices.Contains("")) is { } empty)
            throw new UsageException($"The question '{empty.Context}' has an empty choice, which has no likelihood: leave it out.");
        using MaskedDiffusionModel model = ModelPlace.Open(settings, context);
        ChoiceScoringOptions scoring = settings.Scoring;
        (scoring.ContextColumnName, scoring.ChoicesColumnName) = (nameof(Question.Context), nameof(Question.Choices));
        scoring.CancellationToken = context.Cancellation;
        IDataView data = context.Ml.Data.LoadFromEnumerable(questions);
        IDataView scored = context.Catalog.ScoreChoices(model, scoring).Fit(data).Transform(data);
        // The view scores some questions together as it is read, so that each of them is a part of its own here.
        return TextParts.Run(questions, context,
            parts => Write(Scores(scored, parts.SelectMany(part => part), scoring), context.Results), together: 1, kind: "questions");
    }

    // The columns of a row are read together: each pass over a view computes it anew.
    private static IEnumerable<ScoredQuestion> Scores(IDataView scored, IEnumerable<Question> questions, ChoiceScoringOptions names)
    {
        DataViewSchema.Column[] columns =
        [
            .. new[] { names.ProbabilityColumnName, names.LogLikelihoodColumnName, names.StandardErrorColumnName }
                .Select(name => scored.Schema[name]),
        ];
        DataViewSchema.Column label = scored.Schema[names.PredictedLabelColumnName];
        using DataViewRowCursor cursor = scored.GetRowCursor([.. columns, label]);
        ValueGetter<VBuffer<float>>[] getters = [.. columns.Select(cursor.GetGetter<VBuffer<float>>)];
        ValueGetter<uint> getLabel = cursor.GetGetter<uint>(label);
        foreach (Question question in questions)
        {
            cursor.MoveNext();
            float[][] numbers = [.. getters.Select(getter => Numbers(getter, question.Choices.Length))];
            // A key: 1 for the first choice, 0 for a question that does not fit the model and has no figures, and so no answer.
            uint key = 0;
            getLabel(ref key);
            yield return new ScoredQuestion(question, key == 0 ? null : (int)key - 1, numbers[0], numbers[1], numbers[2]);
        }
    }

    // A question with fewer choices than others has numbers for choices that it lacks.
    private static float[] Numbers(ValueGetter<VBuffer<float>> getter, int count)
    {
        VBuffer<float> values = default;
        getter(ref values);
        return [.. values.DenseValues().Take(count)];
    }

    private static void Write(IEnumerable<ScoredQuestion> questions, ResultWriter results)
    {
        if (!results.IsJson)
        {
            results.Rows(questions.SelectMany(question => Enumerable.Range(0, question.Question.Choices.Length).Select(question.Row)));
            return;
        }
        foreach (ScoredQuestion scored in questions)
        {
            results.WriteObject(
            [
                new Field("context", scored.Question.Context), new Field("choices", scored.Question.Choices),
                new Field("predicted", scored.Best),
                new Field("predicted text", scored.Best is { } best ? scored.Question.Choices[best] : null),
                new Field("probability", Numbers(scored.Probabilities)), new Field("log likelihood", Numbers(scored.LogLikelihoods)),
                new Field("standard error", Numbers(scored.StandardErrors)),
            ]);
        }
    }

    private static float?[] Numbers(float[] values) => [.. values.Select(value => float.IsFinite(value) ? value : (float?)null)];

    private static Question Read(JsonElement row, string? otherwise)
    {
        if (!row.TryGetProperty("choices", out JsonElement choices) || choices.ValueKind != JsonValueKind.Array
            || choices.EnumerateArray().Any(choice => choice.ValueKind != JsonValueKind.String))
        {
            throw new JsonException("there must be a list of texts \"choices\"");
        }
        string context = InputLines.TextOrNull(row, "context") ?? otherwise
            ?? throw new JsonException("there must be a text \"context\", or one for all such lines as --context");
        return new Question(context, [.. choices.EnumerateArray().Select(choice => choice.GetString()!)]);
    }

    private sealed record ScoredQuestion(
        Question Question, int? Best, float[] Probabilities, float[] LogLikelihoods, float[] StandardErrors)
    {
        public Field[] Row(int i) =>
        [
            new("chosen", i == Best ? "*" : ""),
            new("probability", 100.0 * Probabilities[i], "%", "0.0"),
            new("log likelihood", (double)LogLikelihoods[i], "nats", "0.000"),
            new("standard error", (double)StandardErrors[i], "nats", "0.000"),
            new("context", Question.Context),
            new("choice", Question.Choices[i]),
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
