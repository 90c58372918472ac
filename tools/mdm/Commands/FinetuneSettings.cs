using Mdm.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The settings of 'mdm finetune'.</summary>
internal sealed class FinetuneSettings : LearningSettings
{
    /// <summary>The model to go on from: a folder, a .mdm file, or the .zip of a pipeline.</summary>
    public string? Model { get; set; }

    /// <summary>What rows <see cref="LearningSettings.Data"/> has.</summary>
    public RowFormat Format { get; set; } = RowFormat.Fields;

    /// <summary>The field or column with the prompt, in <see cref="RowFormat.Fields"/>.</summary>
    public string PromptField { get; set; } = "prompt";

    /// <summary>The field or column with the answer, in <see cref="RowFormat.Fields"/>.</summary>
    public string AnswerField { get; set; } = "answer";

    /// <summary>
    /// The folder for the adapter by itself, which <see cref="LearningSettings.Overwrite"/> replaces too; null for none. Needs
    /// <see cref="TrainerOptions.Lora"/> in the trainer's options.
    /// </summary>
    public string? AdapterOut { get; set; }

    /// <summary>Whether an autoregressive model becomes a masked diffusion model; otherwise it stays what it is.</summary>
    public bool ToMaskedDiffusion { get; set; }

    /// <summary>The trainer's options; the network and the tokenizer are the model's.</summary>
    public TrainerOptions Trainer { get; set; } = new();
}
