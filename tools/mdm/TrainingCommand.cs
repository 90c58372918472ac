using Mdm.Data;

namespace Mdm;

/// <summary>A command that trains one model.</summary>
/// <typeparam name="TSettings">Its settings, whose Trainer has the trainer's options.</typeparam>
internal abstract class TrainingCommand<TSettings> : SettingsCommand<TSettings>
    where TSettings : LearningSettings, new()
{
    protected TrainingCommand(string name, string description, params string[] examples)
        : base(name, description, examples)
    {
    }

    /// <summary>Adds what is held out, what is kept to go on from, and where the training runs.</summary>
    /// <param name="unit">What the data are made of, such as "rows".</param>
    protected void AddTraining(string unit)
    {
        AddOption("--validation-share", "ValidationShare",
            $"Share of {unit} held out, 0 for none; each is drawn with this probability. Default: 0.05.");
        AddOption("--checkpoints", "Trainer.Checkpoints.Folder", "Keep checkpoints in a folder.", "folder");
        AddOption("--checkpoint-minutes", "Trainer.Checkpoints.Minutes", "Minutes from one checkpoint to the next. Default: 10.");
        AddOption("--resume", "Trainer.Checkpoints.Resume", "Go on from the newest checkpoint, if there is one.");
        AddOption("--seed", "Trainer.Seed", "The seed of everything random. Default: 1.");
        AddOption("--device", "Trainer.Device", "auto, cpu, cuda or cuda:1. Default: auto.", "name");
        Add(Mpi);
    }
}
