using Mdm.Data;
using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The tasks of 'mdm batch' as ML.NET's estimators.</summary>
internal static class BatchTasks
{
    /// <summary>A task's estimator, and the columns that it reads: a text, maybe another one, maybe a list of texts.</summary>
    public static (IEstimator<ITransformer> Estimator, string Text, string? Other, string? List) Of(
        BatchTask task, BatchSettings settings, MaskedDiffusionModel model, ToolContext context)
    {
        MaskedDiffusionCatalog catalog = context.Catalog;
        switch (task)
        {
            case BatchTask.Choose:
                ChoiceScoringOptions choose = settings.Choose;
                if (choose.ChoiceCount is null)
                {
                    throw new UsageException(
                        "How many choices a row has is not known before it is read: add --choices with the most of a row.");
                }
                choose.ContextColumnName = settings.Column ?? choose.ContextColumnName;
                return (catalog.ScoreChoices(model, choose), choose.ContextColumnName, null, choose.ChoicesColumnName);
            case BatchTask.Infill:
                InfillOptions infill = settings.Infill;
                infill.InputColumnName = settings.Column ?? infill.InputColumnName;
                return (catalog.Infill(model, infill), infill.InputColumnName, null, infill.CandidatesColumnName);
            case BatchTask.Generate:
                TextGenerationOptions generate = settings.Generate;
                generate.PromptColumnName = settings.Column ?? generate.PromptColumnName;
                return (catalog.Generate(model, generate), generate.PromptColumnName, null, null);
            default:
                LikelihoodScoringOptions score = settings.Score;
                score.TextColumnName = settings.Column ?? score.TextColumnName;
                return (catalog.ScoreLikelihood(model, score), score.TextColumnName, score.ContextColumnName, null);
        }
    }

    /// <summary>Refuses an output that is there, unless a run that was stopped goes on with it.</summary>
    /// <exception cref="UsageException">There is one.</exception>
    public static void RequireFree(BatchScoringOptions options)
    {
        string path = Path.GetFullPath(options.OutputPath!);
        bool isWhole = File.Exists(path)
            && !Directory.EnumerateFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + ".*progress.jsonl").Any();
        FreePlace.Require(options.OutputPath!, isWhole, options.Overwrite);
    }

    /// <summary>Scores a file.</summary>
    /// <param name="transformer">A pipeline, or a model alone.</param>
    /// <param name="column">The column with the text, which --column has named; null for a pipeline, which has columns of its own.</param>
    /// <param name="options">The files.</param>
    /// <param name="context">The run.</param>
    /// <exception cref="UsageException">The file has no such column.</exception>
    public static BatchScoringResult Score(ITransformer transformer, string? column, BatchScoringOptions options, ToolContext context)
    {
        try
        {
            return context.Catalog.ScoreFile(transformer, options);
        }
        catch (ArgumentOutOfRangeException error) when (column is null
            ? error.InnerException is ArgumentOutOfRangeException : error.Message.Contains($"'{column}'", StringComparison.Ordinal))
        {
            string remedy = column is not null ? "--column names the one with the text."
                : "A masked diffusion model in the pipeline takes any column: --task Score --column NAME, or another task.";
            throw new UsageException($"{ErrorText.Of(error)} {remedy}", error);
        }
    }

    /// <summary>A view without rows that has these columns.</summary>
    public static IDataView NoRows(ToolContext context, string text, string? other, string? list)
    {
        var definition = SchemaDefinition.Create(typeof(Row));
        (string, string?)[] columns = [(nameof(Row.Text), text), (nameof(Row.Other), other), (nameof(Row.List), list)];
        foreach ((string property, string? name) in columns)
        {
            SchemaDefinition.Column column = definition.Single(column => column.MemberName == property);
            if (name is null)
                definition.Remove(column);
            else
                column.ColumnName = name;
        }
        return context.Ml.Data.LoadFromEnumerable(Array.Empty<Row>(), definition);
    }

    private sealed class Row
    {
        public string Text { get; set; } = "";

        public string Other { get; set; } = "";

        public string[] List { get; set; } = [];
    }
}
