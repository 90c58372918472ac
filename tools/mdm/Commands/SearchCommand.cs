using System.Globalization;
using Mdm.Data;
using Mdm.Output;
using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Searches for a trainer's options.</summary>
internal sealed class SearchCommand : SettingsCommand<SearchSettings>
{
    private const long Steps = 500;

    public SearchCommand()
        : base(
            "search", "Train models with many options, stop those that are behind, and keep the best. Ctrl+C saves the best so far.",
            "mdm search book.txt --out best.zip --trials 16 --report search.html",
            "mdm search book.txt --out best.zip --max-steps 300 --minutes 30 --folder search --resume",
            "mdm search book.txt --print-config > search.json    # then choose what is varied in Space, and run it with --config")
    {
        AddArgument("data", "Data", "A text or JSON-lines file, a folder of them, or a .csv or .tsv file.");
        AddOption("--out", "Out", "Where the best model goes: a .zip, a .mdm file, or else a folder.", "path");
        AddOption("--overwrite", "Overwrite", "Replace a model and a report that are there.");
        AddOption("--report", "Report", "Where a report goes, a page of HTML.", "file");
        AddOption("--folder", "Search.Folder", "Keep the search in a folder, from which --resume goes on.", "folder");
        AddOption("--resume", "Search.Resume", "Go on with the search in --folder.");
        AddOption("--trials", "Search.MaxTrials", "Trials to begin. Default: 16.");
        AddOption("--max-steps", "Search.Trainer.MaxSteps",
            $"Steps of a whole trial with this network and its batch size; others take as many as cost the same. Default: {Steps}, "
            + "where Search.Trainer.Budget has neither MaxTokens nor MaxFlops.");
        AddOption("--minutes", "Search.MaxSeconds", "Minutes after which no training is begun. Default: no limit.", "n",
            SettingText.MinutesAsSeconds);
        AddOption("--network", "Search.Trainer.Network", "A preset, such as 19M. Default: the recipe's smallest.");
        AddOption("--tokenizer", "Tokenizer", $"{Tokenizers.Forms}.", "file");
        AddOption("--vocabulary", "VocabularySize", "Tokens of the vocabulary that is learned. Default: the recipe's for the text.");
        AddOption("--column", "Column", "The field of JSON lines, or the column of a table, with the text. Default: text.");
        AddOption("--separator", "Table.Separator", Tables.SeparatorHelp, "character");
        AddOption("--documents", "Text.Boundary",
            "What ends a document: Automatic, File, BlankLine, Line or JsonLine. Default: BlankLine for one text file, else Automatic.");
        AddOption("--validation", "Validation", "Data of the same kind to measure on. Default: a share of the data.", "path");
        AddOption("--validation-share", "ValidationShare", "Share of documents held out to measure on. Default: 0.05.");
        AddOption("--seed", "Search.Seed", "The seed of everything random. Default: 0.");
        AddOption("--device", "Search.Trainer.Device", "auto, cpu, cuda or cuda:1. Default: auto.", "name");
        Add(Mpi);
        AddCommonOptions();
        RefuseWhere((settings, option) => Tokenizers.ObjectionToSize(settings.Tokenizer, option), "--vocabulary");
    }

    /// <inheritdoc/>
    protected override SearchSettings Defaults(SearchSettings given)
    {
        var network = new TrainerOptions { Network = given.Search.Trainer.Network };
        // The recipe's smallest network on any machine: a search goes on with the network that it began with.
        TrainerOptions trainer = TrainingDefaults.For(network, given.Data, given.Text, null, cores: 1);
        bool hasBudget = given.Search.Trainer.Budget is not { MaxTokens: null, MaxFlops: null };
        (trainer.Budget, trainer.MaxSteps, trainer.Seed) = (new BudgetOptions(), hasBudget ? null : Steps, null);
        return new SearchSettings
        {
            Search = new SearchOptions { Trainer = trainer },
            Space = Space(trainer.LearningRate),
            VocabularySize = trainer.Network.VocabularySize,
            Text = new TextFilesOptions { Boundary = TextData.Boundary(given.Data is { } data ? [data] : []) },
        };
    }

    // The library's, with learning rates around the one that a training would have.
    private static SpaceDimension[] Space(double learningRate)
    {
        SearchSpace space = SearchSpace.Default().Range(
            nameof(TrainerOptions.LearningRate), Rounded(learningRate / 10), Math.Min(1, Rounded(2 * learningRate)), logarithmic: true);
        return [.. space.Dimensions.Select(SpaceDimension.Of)];
    }

    // A settings file is to be read by people.
    private static double Rounded(double number) =>
        double.Parse(number.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    protected override int Run(SearchSettings settings, ToolContext context)
    {
        if (settings.MetricDocuments < 1)
            throw new UsageException($"MetricDocuments is {settings.MetricDocuments}; it must be at least 1.");
        using ModelTarget target = ModelTarget.Take(settings.Out, settings.Overwrite, context);
        if (settings.Report is { } page)
            RequireFree(page, settings.Overwrite);
        (IDataView train, IDataView? held) = TextData.Sets(settings, context);
        using ConsoleProgress progress = context.StartProgress();
        SearchOptions options = settings.Search;
        options.Trainer.Checkpoints.DataDescription ??= $"{DataDescription.Of(settings)}, measured on {settings.MetricDocuments}";
        options.Trainer.Tokenizer = Tokenizers.Source(settings.Tokenizer, settings.VocabularySize);
        options.Metric = SearchMetric.BitsPerByte(
            held ?? throw new UsageException("--validation-share (ValidationShare) is 0, and a search "
                + "needs documents to measure on: hold out a share, or name a file with --validation."),
            maxDocuments: settings.MetricDocuments);
        options.Space = new SearchSpace();
        foreach (SpaceDimension dimension in settings.Space)
            dimension.AddTo(options.Space);
        (options.ProcessGroup, options.Progress, options.CancellationToken) = (context.Group, progress, context.Cancellation);
        using SearchResult result = context.Catalog.Search(train, options);
        progress.Dispose();
        if (!context.IsFirst)
            return result.IsCancelled ? ExitCode.Interrupted : ExitCode.Done;
        target.Save(result.Transformer, null);
        context.Results.Rows([.. result.RankedTrials.Select(trial => Row(trial, result, context.Results.IsJson))]);
        context.Say($"The model of trial {result.Best.Number} was saved to {target.Path}.");
        if (settings.Report is { } report)
        {
            result.SaveReport(report);
            context.Say($"The report was saved to {report}.");
        }
        if (!result.IsCancelled)
            return ExitCode.Done;
        context.Say("Interrupted; that is the best so far"
            + (options.Folder is { } folder ? $", and --folder {folder} --resume goes on." : "."));
        return ExitCode.Interrupted;
    }

    private static void RequireFree(string report, bool overwrite)
    {
        if (Directory.Exists(report))
            throw new UsageException($"{report} is a folder, and the report is a file: choose another name with --report.");
        FreePlace.Require(report, File.Exists(report), overwrite);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(report))!);
    }

    private static Field[] Row(SearchTrial trial, SearchResult result, bool isJson) =>
    [
        new("trial", trial.Number),
        new("best", trial.Number == result.Best.Number),
        new(result.Metric.Name, trial.Last.Metric, "", "0.0000"),
        new("steps", trial.Last.Steps),
        new("share of the budget", 100 * trial.Last.Share, "%", "0"),
        new("seconds", trial.Last.Seconds, "s", "0.0"),
        .. isJson
            ? [new Field("values", trial.Values.ToDictionary(value => value.Key, value => Plain(value.Value)))]
            : trial.Values.Select(value => new Field(value.Key, Plain(value.Value), Format: "0.######")),
        new("error", trial.Last.Error),
    ];

    private static object? Plain(object? value) => value is null or string or bool or int or long or double ? value : value.ToString();
}
