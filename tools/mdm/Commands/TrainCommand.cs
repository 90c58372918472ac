using Mdm.Data;
using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Trains a model on text.</summary>
internal sealed class TrainCommand : TrainingCommand<TrainSettings>
{
    public TrainCommand()
        : base(
            "train", "Train a model on text, with the recipe for some minutes unless told otherwise. Ctrl+C saves the best model so far.",
            "mdm train book.txt --out lm.zip --minutes 5",
            "mdm train corpus.jsonl --column body --validation held.jsonl --out lm.mdm --max-steps 20000 --checkpoints run --resume",
            "mdm train book.txt --out lm.zip --print-config > run.json && mdm train --config run.json")
    {
        AddArgument("data", "Data", "A text or JSON-lines file, a folder of them, a .csv or .tsv file; with --packed a folder of tokens.");
        AddOption("--out", "Out", "Where the model goes: a .zip, a .mdm file, or else a folder.", "path");
        AddOption("--overwrite", "Overwrite", "Replace a model that is there.");
        AddOption("--minutes", "Trainer.Budget.MaxSeconds", "Minutes of training. Default: 5, if nothing else ends it.", "n",
            SettingText.MinutesAsSeconds);
        AddOption("--max-steps", "Trainer.MaxSteps", "Steps of training.");
        AddOption("--network", "Trainer.Network", "A preset, such as 19M. Default: the recipe's for the minutes and the text.");
        AddOption("--tokenizer", "Tokenizer", $"{Tokenizers.Forms}.", "file");
        AddOption("--vocabulary", "VocabularySize", "Tokens of the vocabulary that is learned. Default: the recipe's.");
        AddOption("--learning-rate", "Trainer.LearningRate",
            "The highest learning rate. Default: the recipe's, less for a wider --network.");
        AddOption("--autoregressive", "Autoregressive", "Train the autoregressive baseline instead.");
        AddOption("--column", "Column", "The field of JSON lines, or the column of a table, with the text. Default: text.");
        AddOption("--separator", "Table.Separator", Tables.SeparatorHelp, "character");
        AddOption("--documents", "Text.Boundary",
            "What ends a document: Automatic, File, BlankLine, Line or JsonLine. Default: BlankLine for one text file, else Automatic.");
        AddOption("--packed", "Packed",
            "Train on packed tokens, with the --tokenizer that made them: how their files' names begin.", "prefix");
        AddOption("--validation", "Validation",
            "Data of the same kind to measure on. Default: a share of the data; with --packed nothing.", "path");
        AddTraining("documents");
        AddCommonOptions();
        RefuseWhere((settings, option) => Tokenizers.ObjectionToSize(settings.Tokenizer, option), "--vocabulary");
        RefuseWhere(
            (settings, option) => settings.Packed is null ? null : $"with --packed, which reads tokens and no text: leave {option} out",
            "--column", "--separator", "--documents");
        RefuseWhere(
            (settings, _) => settings.Packed is null ? null
                : "with --packed, whose tokens have no documents to hold out: name packed tokens to measure on with --validation",
            "--validation-share");
    }

    /// <inheritdoc/>
    protected override TrainSettings Defaults(TrainSettings given)
    {
        TrainerOptions trainer = TrainingDefaults.For(given.Trainer, given.Packed is null ? given.Data : null, given.Text, Group);
        if (given.Autoregressive)
            (trainer.WarmStart, trainer.Noise) = (0, new NoiseOptions());
        return new TrainSettings
        {
            Trainer = trainer,
            VocabularySize = trainer.Network.VocabularySize,
            Text = new TextFilesOptions { Boundary = TextData.Boundary(given.Data is { } data ? [data] : []) },
        };
    }

    /// <inheritdoc/>
    protected override int Run(TrainSettings settings, ToolContext context)
    {
        using ModelTarget target = ModelTarget.Take(settings.Out, settings.Overwrite, context);
        if (settings is { Packed: { } packed, Tokenizer: null })
            throw new UsageException($"--packed is {packed}, and ids mean nothing without the tokenizer that made them: add --tokenizer.");
        using ConsoleProgress progress = context.StartProgress();
        TrainerOptions options = settings.Trainer;
        (options.ProcessGroup, options.Progress, options.CancellationToken) = (context.Group, progress, context.Cancellation);
        options.Tokenizer = Tokenizers.Source(settings.Tokenizer, settings.VocabularySize);
        using LikelihoodScoringTransformer trained = settings.Packed is { } prefix
            ? FitTokens(settings, prefix, context) : FitText(settings, context);
        progress.Dispose();
        if (!context.IsFirst)
            return TrainingReport.StatusOf(trained);
        target.Save(trained, null);
        return TrainingReport.Write(trained, target.Path, context);
    }

    private static LikelihoodScoringTransformer FitText(TrainSettings settings, ToolContext context)
    {
        (IDataView train, settings.Trainer.ValidationSet) = TextData.Sets(settings, context);
        settings.Trainer.Checkpoints.DataDescription ??= DataDescription.Of(settings);
        return settings.Autoregressive
            ? context.Catalog.AutoregressiveTrainer(settings.Trainer).Fit(train) : context.Catalog.Trainer(settings.Trainer).Fit(train);
    }

    private static LikelihoodScoringTransformer FitTokens(TrainSettings settings, string prefix, ToolContext context)
    {
        PackedCorpus corpus = Packed(settings.Data, prefix, context);
        if (settings.Validation is { } held)
        {
            settings.Trainer.Validation.Tokens = Packed(held, prefix, context);
        }
        else
        {
            context.Say("Nothing is held out of packed tokens, so nothing is measured, and the last model is the one that is saved: name "
                + "packed tokens to measure on with --validation.");
        }
        return settings.Autoregressive
            ? context.Catalog.AutoregressiveTrainer(settings.Trainer).Fit(corpus) : context.Catalog.Trainer(settings.Trainer).Fit(corpus);
    }

    private static PackedCorpus Packed(string? folder, string prefix, ToolContext context) => context.Catalog.LoadPackedTokens(
        folder ?? throw new UsageException("No data: name a folder of packed tokens after the command."), prefix);
}
