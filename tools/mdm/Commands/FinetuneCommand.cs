using System.Text.Json.Nodes;
using Mdm.Data;
using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Trains a model on, on answers after prompts.</summary>
internal sealed class FinetuneCommand : TrainingCommand<FinetuneSettings>
{
    private const double Epochs = 3;

    public FinetuneCommand()
        : base(
            "finetune", "Train a model on, to give answers after prompts. Ctrl+C saves the best model so far.",
            "mdm finetune answers.jsonl --model lm.zip --out tuned.zip       # lines {\"prompt\": \"...\", \"answer\": \"...\"}",
            "mdm finetune answers.csv --prompt-field question --model lm.zip --out tuned.mdm --epochs 10 --lora --adapter-out adapter",
            "mdm finetune train.txt --format Gsm8k --model smdm.mdm --out tuned.mdm    # a model with a context of 256 tokens or more")
    {
        AddArgument("data", "Data",
            "JSON lines with \"prompt\" and \"answer\", or a .csv or .tsv file with such columns, or a file of --format.");
        AddOption("--model", "Model", $"The model to go on from: {ModelPlace.Forms}.", "path");
        AddOption("--out", "Out", "Where the model goes: a .zip, a .mdm file, or else a folder.", "path");
        AddOption("--overwrite", "Overwrite", "Replace a model and an adapter that are there.");
        AddOption("--format", "Format", "Fields, ShareGpt, Gsm8k (SMDM's lines QUESTION||REASONING) or Reversal. Default: Fields.");
        AddOption("--prompt-field", "PromptField", "The field or column with the prompt. Default: prompt.");
        AddOption("--answer-field", "AnswerField", "The field or column with the answer. Default: answer.");
        AddOption("--separator", "Table.Separator", Tables.SeparatorHelp, "character");
        AddOption("--epochs", "Trainer.Budget.MaxEpochs", $"Passes over the rows. Default: {Epochs}, if nothing else ends it.");
        AddOption("--minutes", "Trainer.Budget.MaxSeconds", "Minutes of training.", "n", SettingText.MinutesAsSeconds);
        AddOption("--max-steps", "Trainer.MaxSteps", "Steps of training.");
        AddOption("--learning-rate", "Trainer.LearningRate", "The highest learning rate. Default: 0.0002; adapters take up to 0.001.");
        AddFlag("--lora", "Trainer.Lora", new JsonObject(), "Train low-rank adapters (LoRA) in place of all weights.");
        AddOption("--lora-rank", "Trainer.Lora.Rank", "The rank of the adapters. Default: 8.");
        AddOption("--lora-alpha", "Trainer.Lora.Alpha", "The adapters' factor times their rank. Default: 16.");
        AddOption("--lora-target", "Trainer.Lora.Targets",
            "attention, feed-forward, all-linear or layers' names; repeat it for several. Default: attention and feed-forward.", "name");
        AddOption("--adapter-out", "AdapterOut", "Where the adapter goes by itself, too: a folder with PEFT's two files.", "folder");
        AddOption("--to-masked-diffusion", "ToMaskedDiffusion", "Make a masked diffusion model of an autoregressive one.");
        AddOption("--mask-token", "Trainer.Adaptation.MaskTokenId", "The id that becomes the mask token. Default: a further one.");
        AddFlag("--unshifted", "Trainer.Adaptation.ShiftsLogits", false, "Let outputs predict their own token, not the next one.");
        AddOption("--validation", "Validation", "Rows to measure on. Default: a share of the rows.", "path");
        AddTraining("rows");
        AddCommonOptions();
        RequireSwitch("--lora", settings => settings.Trainer.Lora is not null, "--lora-rank", "--lora-alpha", "--lora-target");
        RequireSwitch("--to-masked-diffusion", settings => settings.ToMaskedDiffusion, "--mask-token", "--unshifted");
    }

    /// <inheritdoc/>
    protected override FinetuneSettings Defaults(FinetuneSettings given)
    {
        var settings = new FinetuneSettings();
        TrainerOptions trainer = settings.Trainer;
        (trainer.TextColumnName, trainer.LearningRate, trainer.Seed) = ("Answer", 2e-4, 1);
        trainer.CancelBehavior = CancelBehavior.ReturnBestSoFar;
        BudgetOptions budget = given.Trainer.Budget;
        if (given.Trainer.MaxSteps is null && budget is { MaxSeconds: null, MaxTokens: null, MaxFlops: null, UntilCancelled: false })
            trainer.Budget.MaxEpochs = Epochs;
        if (given.Format == RowFormat.Reversal)
            trainer.Rows.PackDocuments = false;
        else
            trainer.Rows.PromptColumnName = "Prompt";
        if (given.Format == RowFormat.Gsm8k)
            trainer.Rows.ReasoningColumnName = "Reasoning";
        return settings;
    }

    /// <inheritdoc/>
    protected override int Run(FinetuneSettings settings, ToolContext context)
    {
        using ModelTarget target = ModelTarget.Take(settings.Out, settings.Overwrite, context);
        string? adapterPath = AdapterTarget(settings);
        using FileStream? claim = adapterPath is not null && context.IsFirst ? FreePlace.Claim("adapter", adapterPath) : null;
        string data = settings.Data ?? throw new UsageException("No data: name a file after the command.");
        IDataView rows = Open(data);
        TrainerOptions options = settings.Trainer;
        (IDataView train, options.ValidationSet) = settings.Validation is { } held
            ? (rows, Open(held)) : TextData.Split(rows, settings.ValidationShare, "rows", "", context);
        using MaskedDiffusionModel model = ModelPlace.Open(settings.Model, options.Device, context, WeightType.Float32);
        using ConsoleProgress progress = context.StartProgress();
        (options.InitialModel, options.ProcessGroup) = (model, context.Group);
        (options.Progress, options.CancellationToken) = (progress, context.Cancellation);
        if (settings.ToMaskedDiffusion && !model.Config.Autoregressive)
        {
            throw new UsageException(
                $"{settings.Model} is a masked diffusion model already: leave --to-masked-diffusion (ToMaskedDiffusion) out.");
        }
        using LikelihoodScoringTransformer trained = model.Config.Autoregressive && !settings.ToMaskedDiffusion
            ? context.Catalog.AutoregressiveTrainer(options).Fit(train) : context.Catalog.Trainer(options).Fit(train);
        progress.Dispose();
        if (!context.IsFirst)
            return TrainingReport.StatusOf(trained);
        target.Save(trained, train.Schema);
        if (adapterPath is not null)
            adapterPath = AdapterFolder.Save(trained.Model.Adapter!, adapterPath, settings.Overwrite, context);
        return TrainingReport.Write(trained, target.Path, context, adapterPath);

        IDataView Open(string file) => PromptRows.Open(file, settings, context);
    }

    // Whether a path is another one, or lies in it.
    private static bool IsWithin(string path, string folder) =>
        (Path.GetFullPath(path) + Path.DirectorySeparatorChar).StartsWith(
            Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string? AdapterTarget(FinetuneSettings settings)
    {
        if (settings.AdapterOut is not { } path)
            return null;
        if (settings.Trainer.Lora is null)
            throw new UsageException($"--adapter-out is {path}, and no adapter is trained: add --lora, or leave --adapter-out out.");
        if (IsWithin(path, settings.Out!) || IsWithin(settings.Out!, path))
        {
            throw new UsageException(
                $"The adapter cannot go to {path}, because the model goes to {settings.Out}: name another folder with --adapter-out.");
        }
        return AdapterFolder.RequireFree(path, settings.Overwrite);
    }
}
