using Mdm.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The settings of 'mdm finetune'.</summary>
internal sealed class FinetuneSettings
{
    /// <summary>The model to go on from: a folder, a .mdm file, or the .zip of a pipeline.</summary>
    public string? Model { get; set; }

    /// <summary>The rows, in <see cref="Format"/>.</summary>
    public string? Data { get; set; }

    /// <summary>What <see cref="Data"/> is.</summary>
    public RowFormat Format { get; set; } = RowFormat.Fields;

    /// <summary>The field or column with the prompt, in <see cref="RowFormat.Fields"/>.</summary>
    public string PromptField { get; set; } = "prompt";

    /// <summary>The field or column with the answer, in <see cref="RowFormat.Fields"/>.</summary>
    public string AnswerField { get; set; } = "answer";

    /// <summary>What parts the cells of .csv and .tsv files, and whether these have a header.</summary>
    public TableOptions Table { get; set; } = new();

    /// <summary>Rows to measure on; null takes <see cref="ValidationShare"/> of the rows.</summary>
    public string? Validation { get; set; }

    /// <summary>The share of rows that are held out where there is no <see cref="Validation"/>, 0 up to but not 1.</summary>
    public double ValidationShare { get; set; } = 0.05;

    /// <summary>Where the model goes: a .zip, a .mdm file or a folder.</summary>
    public string? Out { get; set; }

    /// <summary>Whether what is at <see cref="Out"/> and <see cref="AdapterOut"/> already is replaced.</summary>
    public bool Overwrite { get; set; }

    /// <summary>
    /// The folder for the adapter by itself; null for none. Needs <see cref="TrainerOptions.Lora"/> in the trainer's options.
    /// </summary>
    public string? AdapterOut { get; set; }

    /// <summary>Whether an autoregressive model becomes a masked diffusion model; otherwise it stays what it is.</summary>
    public bool ToMaskedDiffusion { get; set; }

    /// <summary>The trainer's options; the network and the tokenizer are the model's.</summary>
    public TrainerOptions Trainer { get; set; } = new();
}
