using Mdm.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The settings of 'mdm train'.</summary>
internal sealed class TrainSettings : TextLearningSettings
{
    /// <summary>How the names of packed-token files in the folder <see cref="LearningSettings.Data"/> begin; null for text.</summary>
    public string? Packed { get; set; }

    /// <summary>A tokenizer's file or "bytes"; null learns a tokenizer from the text.</summary>
    public string? Tokenizer { get; set; }

    /// <summary>Tokens of a tokenizer that is learned.</summary>
    public int VocabularySize { get; set; } = 8192;

    /// <summary>Whether the network is the autoregressive baseline.</summary>
    public bool Autoregressive { get; set; }

    /// <summary>The trainer's options.</summary>
    public TrainerOptions Trainer { get; set; } = new();
}
